#include "sim/machine.h"

#define PPM 1000000

static struct sim_machine *entered;

/* What --wrap makes of the programs' calls. */
int64_t __wrap_ord_wall_ns(void);
int64_t __wrap_ord_boot_ns(void);
void __wrap_ord_clocks_read(int64_t *ret_wall_ns, int64_t *ret_boot_ns);

int64_t __wrap_ord_wall_ns(void)
{
    return entered->wall_ns;
}

int64_t __wrap_ord_boot_ns(void)
{
    return entered->boot_ns;
}

void __wrap_ord_clocks_read(int64_t *ret_wall_ns, int64_t *ret_boot_ns)
{
    *ret_wall_ns = entered->wall_ns;
    *ret_boot_ns = entered->boot_ns;
}

static int64_t later(int64_t a_ns, int64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

/* How far a clock goes that is held until `held_ns` and too fast by `ppm`. */
static int64_t elapsed(int64_t from_ns, int64_t to_ns, int64_t held_ns, int32_t ppm)
{
    int64_t passed_ns = later(to_ns - later(from_ns, held_ns), 0);
    return passed_ns + passed_ns / 1000 * ppm / (PPM / 1000);
}

void sim_machine_advance(struct sim_machine *machine, int64_t true_ns)
{
    int64_t from_ns = machine->true_ns, frozen_ns = machine->frozen_until_ns;
    if (true_ns <= from_ns)
        return;
    machine->boot_ns += elapsed(from_ns, true_ns, frozen_ns, machine->boot_ppm);
    machine->wall_ns +=
        elapsed(from_ns, true_ns, later(frozen_ns, machine->stalled_until_ns), machine->wall_ppm);
    machine->true_ns = true_ns;
}

struct sim_machine *sim_machine_enter(struct sim_machine *machine)
{
    struct sim_machine *before = entered;
    entered = machine;
    return before;
}

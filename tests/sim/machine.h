/*
 * A machine's two clocks. True time, which nobody in the fleet knows, drives both: the boot clock steadily, the
 * wall clock with whatever is done to it.
 *
 * The programs' ord_wall_ns, ord_boot_ns and ord_clocks_read are linked to read the clocks of the machine that
 * was entered last: the one piece of global state in the simulation.
 */
#pragma once

#include <stdint.h>

struct sim_machine {
    int64_t true_ns; /* up to which the readings are made */
    int64_t wall_ns, boot_ns;
    int32_t wall_ppm, boot_ppm; /* too fast by that much */
    int64_t stalled_until_ns;   /* the wall clock stands still */
    int64_t frozen_until_ns;    /* both do, as in a virtual machine that is not run */
};

/* Lets true time pass up to `true_ns`. */
void sim_machine_advance(struct sim_machine *machine, int64_t true_ns);

/* Programs run on this machine from now on. Returns the one before, to be entered again. */
struct sim_machine *sim_machine_enter(struct sim_machine *machine);

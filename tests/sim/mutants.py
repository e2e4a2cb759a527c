"""Planted bugs: what is changed where, and the failure by which the simulation has to tell it."""
from dataclasses import dataclass, field
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2]


@dataclass
class Mutant:
    name: str
    file: str  # from the top of the tree
    changes: dict = field(repr=False)  # text that occurs once, and what it becomes
    failure: str = field(repr=False)  # of these, any

    def text(self):
        text = (SOURCES / self.file).read_text()
        for old, new in self.changes.items():
            assert text.count(old) == 1, f"{self.file}: {text.count(old)} times: {old}"
            text = text.replace(old, new)
        return text


GENERATOR = "src/core/generator.c"
CLOCK = "src/core/clock.c"
LAYOUT = "src/core/layout.c"
RESERVATION = "src/core/reservation.c"
SERVICE = "src/api/service.c"
PROCESS = "tests/sim/process.c"
RECORD = "src/store/record.c"

MUTANTS = [
    Mutant(
        "the limit is not looked at",
        GENERATOR,
        {"if (first + count > atomic_load_explicit(&generator->limit, memory_order_acquire))": "if (0)"},
        r"is durable",
    ),
    Mutant(
        "an idle tick forgets what was given ahead of it",
        GENERATOR,
        {"if (next >= now_tick * options->slots_per_tick)\n        return next;": ""},
        r"given again",
    ),
    Mutant(
        "a claim moves on by one too little",
        GENERATOR,
        {"&next, first + count,": "&next, first + count - 1,"},
        r"given again",
    ),
    Mutant(
        "slots are given however far ahead",
        GENERATOR,
        {"if (wait > wait_ticks)": "if (0)"},
        r"waits|ahead of the clock|is durable",
    ),
    Mutant(
        "a wait is rounded down",
        GENERATOR,
        {"uint64_t needed = (end + options->slots_per_tick - 1) /": "uint64_t needed = end /"},
        r"waits|refused for capacity|ask again",
    ),
    Mutant(
        "the layout's end is not looked at",
        GENERATOR,
        {"if (first + count > generator->end)": "if (0)"},
        r"past the layout's time",
    ),
    Mutant(
        "idle ticks start anywhere",
        GENERATOR,
        {"next % options->slots_per_tick % options->spread": "next % options->slots_per_tick"},
        r"in place of",
    ),
    Mutant(
        "a stop leaves the door open",
        GENERATOR,
        {
            "atomic_store(&generator->limit, 0);": "",
            "return atomic_exchange(&generator->next, generator->end)": "return atomic_load(&generator->next)",
        },
        r"after the stop",
    ),
    Mutant(
        "the clock follows the wall clock back and forth",
        CLOCK,
        {"struct offset offset = offset_at(&terms, boot_ns);": "struct offset offset = {.ns = wall_ns - boot_ns};"},
        r"the clock went",
    ),
    Mutant(
        "the clock is drawn too fast",
        CLOCK,
        {"-ORD_CLOCK_SLEW_PPM, ORD_CLOCK_SLEW_PPM": "-5000, 5000"},
        r"the clock went",
    ),
    Mutant(
        "the clock starts at the wall clock, however far back",
        CLOCK,
        {"wall_ns > floor_ns ? wall_ns : floor_ns": "wall_ns"},
        r"the clock starts",
    ),
    Mutant(
        "workers own one sequence value of the next",
        LAYOUT,
        {"share(worker + 1, sequences, workers) - first": "share(worker + 1, sequences, workers) - first + 1"},
        r"own",
    ),
    Mutant(
        "IDs leave the node out",
        LAYOUT,
        {"(uint64_t)place->node << layout": "(uint64_t)0 << layout"},
        r"wrong fields",
    ),
    Mutant(
        "IDs run on over the edge of a tick",
        LAYOUT,
        {"ids->count < left ? ids->count : left": "ids->count"},
        r"wrong fields",
    ),
    Mutant(
        "a reservation forgets what may be borrowed",
        RESERVATION,
        {
            "return (now_tick + policy->lead_ticks + policy->span_ticks)": "return (now_tick + policy->span_ticks)"
        },
        r"after the reservation was in order",
    ),
    Mutant(
        "a reservation is renewed when it is over",
        RESERVATION,
        {"policy->lead_ticks + policy->span_ticks / 2": "0"},
        r"after the reservation was in order",
    ),
    Mutant(
        "a reservation covers ten times the time",
        RESERVATION,
        {"policy->lead_ticks + policy->span_ticks)": "policy->lead_ticks + 10 * policy->span_ticks)"},
        r"further than is needed",
    ),
    Mutant(
        "a failed write raises the limit",
        SERVICE,
        {
            'return ord_fail(error, code, "reserve: %s"': "return "
            'ord_generator_raise_limit(&service->generator, limit), ord_fail(error, code, "reserve: %s"'
        },
        r"is durable",
    ),
    Mutant(
        "the limit is raised before it is durable",
        SERVICE,
        {
            "enum ord_code code = service->port.extend(": "ord_generator_raise_limit(&service->generator, limit);\n"
            "enum ord_code code = service->port.extend("
        },
        r"is durable",
    ),
    Mutant(
        "starts although its first reservation failed",
        SERVICE,
        {
            "    if (code != ORD_OK)\n        goto fail;\n    *ret_service = service;": "    *ret_service = service;"
        },
        r"starts in spite of",
    ),
    Mutant(
        "starts one slot below the limit",
        SERVICE,
        {"    uint64_t used_ticks = (used +": "    used -= used > 0;\n    uint64_t used_ticks = (used +"},
        r"given again|in place of|the clock starts|further|which was granted",
    ),
    Mutant(
        "starts at the clock alone",
        SERVICE,
        {"    uint64_t used_ticks = (used +": "    used = 0;\n    uint64_t used_ticks = (used +"},
        r"given again|in place of|the clock starts|which was granted",
    ),
    Mutant(
        "starts however far the clock is off",
        SERVICE,
        {"if (code == ORD_OK && !options->ignores_gap)": "if (false)"},
        r"starts in spite of",
    ),
    Mutant(
        "steps of the wall clock are leapt over unasked",
        SERVICE,
        {
            "step.state == ORD_CLOCK_QUARANTINED && service->accepts_steps &&": "step.state == ORD_CLOCK_QUARANTINED &&"
        },
        r"the clock went|further than is needed",
    ),
    Mutant(
        "the clock leaps although it could not reserve",
        SERVICE,
        {"    if (code == ORD_OK)\n        ord_clock_leap(": "    ord_clock_leap("},
        r"after the reservation was in order",
    ),
    Mutant(
        "a step stays accepted when another follows",
        CLOCK,
        {
            "step.state == ORD_CLOCK_ACCEPTED && ahead_ns >= 0 && is_near(clock, ahead_ns, step.size_ns);": "true;",
            "if (step.state != ORD_CLOCK_FOLLOWING && is_near(clock, ahead_ns, step.size_ns))": "if (step.state != ORD_CLOCK_FOLLOWING)",
        },
        r"the clock went|further than is needed",
    ),
    Mutant(
        "a clean stop gives back the limit",
        SERVICE,
        {"uint64_t next = ord_generator_stop(": "uint64_t next = ord_generator_limit("},
        r"released at",
    ),
    Mutant(
        "a clean stop gives back one slot too many",
        SERVICE,
        {"port.release(service->port.context, next,": "port.release(service->port.context, next - 1,"},
        r"released at",
    ),
    Mutant(
        "released before the generator stops",
        SERVICE,
        {"uint64_t next = ord_generator_stop(": "uint64_t next = ord_generator_next("},
        r"after the stop",
    ),
    Mutant(
        "a wait is not told",
        SERVICE,
        {"*ret_wait_us = wait * layout->unit_us;": "*ret_wait_us = 0;"},
        r"waits 0 us",
    ),
    Mutant(
        "any count is taken",
        SERVICE,
        {"if (count < 1 || count > service->count_max)": "if (0)"},
        r"waits|refused|given|in place of|fields|rise",
    ),
    Mutant(
        "a damaged record passes for good",
        RECORD,
        {"if (get32(at + AT_CRC) != checksum(at))": "if (0)"},
        r"a damaged|another place|but slots below|never reserved",
    ),
    Mutant(
        "the lock keeps nobody out",
        PROCESS,
        {"if (disk->owner) {": "if (false) {"},
        r"given again|is durable|which was granted|never reserved|further than",
    ),
    Mutant(
        "the disk lies about what is durable",
        PROCESS,
        {
            "sim_disk_write_durably(disk, &record);\n    if (fault->effect == UNCERTAIN)": "sim_disk_write_uncertainly(disk, &record);\n    if (fault->effect == UNCERTAIN)",
        },
        r"is durable",
    ),
]

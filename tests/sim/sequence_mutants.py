"""Bugs planted in the engine of sequences, and the failure by which sim-sequences has to tell each."""
from mutants import Mutant

CHANGES = "src/sequence/changes.c"
BATCH = "src/sequence/batch.c"
VERBS = "src/sequence/verbs.c"
WINDOW = "src/core/window.c"
SEQUENCE = "src/core/sequence.c"

SEQUENCE_MUTANTS = [
    Mutant(
        "the limit of a block is not looked at",
        WINDOW,
        {"if (seen >= limit || limit - seen < count)\n        return ORD_WINDOW_SHORT;": ""},
        r"before it was stored|does not have|other properties",
    ),
    Mutant(
        "a take moves on by one too little",
        WINDOW,
        {"&window->index, &index, index + count,": "&window->index, &index, index + count - 1,"},
        r"given again|below one|other values|stored",
    ),
    Mutant(
        "a closed window has a limit",
        WINDOW,
        {"atomic_store_explicit(&window->limit, 0, memory_order_relaxed);": ""},
        r"given|stored|does not have|missing",
    ),
    Mutant(
        "a block may leave before it is stored",
        CHANGES,
        {
            "entry->new_limit = limit_of(entry);": "entry->new_limit = limit_of(entry); "
            "ord_sequences_raise(entry, entry->new_limit);"
        },
        r"before it was stored|refused though values are left",
    ),
    Mutant(
        "a block is reserved on top of what is left of the one before",
        CHANGES,
        {"wanted = max(wanted, add(index, entry->record.what.block));": "wanted = add(wanted, entry->record.what.block);"},
        r"more is stored",
    ),
    Mutant(
        "nothing is reserved for calls that wait",
        CHANGES,
        {"add(max(index, limit), entry->waiting)": "max(index, limit)"},
        r"refused though values are left",
    ),
    Mutant(
        "memory stays as a failed transaction left it",
        CHANGES,
        {"if (change->can_undo)\n        ord_sequences_become(entry, &change->before);": ""},
        r"stored|missing|further|though the store is well|is what it is not|refused",
    ),
    Mutant(
        "what a failed transaction may have stored is not written over",
        CHANGES,
        {"        ord_sequences_touch(sequences, sequences->dirty[i]);": "        continue;"},
        r"stored|given|missing|further|it is not|there is|went back",
    ),
    Mutant(
        "keys of a failed transaction stay stored",
        CHANGES,
        {"(is_ok ? ord_requests_keep : ord_requests_withdraw)": "(is_ok ? ord_requests_keep : ord_requests_drop)"},
        r"given again|other values|below one",
    ),
    Mutant(
        "a clean stop writes nothing",
        BATCH,
        {"if (is_ok && (sequences->change_count == 0 || write_changes(sequences)))": "if (is_ok)"},
        r"more is stored",
    ),
    Mutant(
        "what leaves memory leaves its block reserved",
        BATCH,
        {"if (reserved > 0)": "if (0)"},
        r"more is stored|missing|further",
    ),
    Mutant(
        "what is staged is answered whether it is stored or not",
        BATCH,
        {"if (!is_ok && (ask->is_staged || ask->is_waiting))": "if (!is_ok && ask->is_waiting)"},
        r"stored",
    ),
    Mutant(
        "a call that cannot be served has values reserved",
        VERBS,
        {"if (left(entry) < entry->waiting + ask->next.count) {": "if (left(entry) == 0) {"},
        r"more is stored",
    ),
    Mutant(
        "there is one value above the maximum",
        SEQUENCE,
        {"return steps == UINT64_MAX ? steps : steps + 1;": "return steps == UINT64_MAX ? steps : steps + 2;"},
        r"does not have",
    ),
    Mutant(
        "a name that was deleted is forgotten",
        VERBS,
        {"record.status = ORD_SEQUENCE_DELETED;": "record.status = ORD_SEQUENCE_ABSENT;"},
        r"said to be what it is not",
    ),
]

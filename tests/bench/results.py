"""The figures of a run, and the arithmetic on them."""
import statistics


class Results:
    """Measurements are dicts: round, group, entry, and one of figures, failed and skipped (both say why)."""

    def __init__(self, measurements):
        self.measurements = measurements

    def of(self, group, entry):
        return [one for one in self.measurements if (one["group"], one["entry"]) == (group, entry)]

    def values(self, group, entry, figure):
        """Round → value."""
        return {
            one["round"]: one["figures"][figure]
            for one in self.of(group, entry)
            if figure in one.get("figures", {})
        }

    def median(self, group, entry, figure):
        values = self.values(group, entry, figure)
        return statistics.median(values.values()) if values else None

    def spread(self, group, entry, figure):
        values = self.values(group, entry, figure).values()
        return (min(values), max(values)) if values else None

    def ratio(self, group, figure, one, other, other_group=None):
        """The median of the ratios of each round that has both."""
        ones = self.values(group, one, figure)
        others = self.values(other_group or group, other, figure)
        ratios = [ones[number] / others[number] for number in ones if others.get(number)]
        return statistics.median(ratios) if ratios else None

    @staticmethod
    def trouble(one):
        return next((f"{kind}: {one[kind]}" for kind in ("failed", "skipped") if kind in one), None)

    def troubles(self, group, entry):
        """Why rounds have no figures, each reason once."""
        reasons = [self.trouble(one) for one in self.of(group, entry)]
        return list(dict.fromkeys(reason for reason in reasons if reason))

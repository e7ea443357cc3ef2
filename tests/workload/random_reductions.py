"""Random cascades for pass reduction: sums and maxima over M that need completed ones.

A cascade starts from scores S[p,m], weights W[m,f] and biases B[p]; each line is a map of what is
along M with something complete, or a reduction over M of it. The last ones are its outputs.
"""

from dataclasses import dataclass, field

from hypothesis import strategies as st

RANKS = "{P: %d, M: %d, F: 2}"
INPUTS = "{S: [P, M], W: [M, F], B: [P], C: [M]}"
CONDITIONS = (
    "",
    "m <= p",
    "m <= p + 1 and p - m < 3",
    "m < 2 or m >= p",
    "m // 2 <= p // 2",
    "p // 2 - m // 2 < 2",
    "3*m < 2*p + 4",
)
#: Maps of a value along M and a completed one; {0} is along, {1} complete.
MAPS = (
    "{0} - {1}",
    "{0} * {1}",
    "{0} / ({1} * {1} + 1)",
    "exp({0} - {1})",
    "({0} - {1}) * C[m]",
    "square({0} - {1})",
    "2 * {0} + {1}",
    "tanh({0} + {1})",
    "{0} - C[m] + {1} * {1}",
    "exp({0}) / exp({1})",
    "max({0}, {1})",
)
SUMS = ("{0}", "{0} * {1}", "({0} - {1}) * C[m]", "{0} / (abs({1}) + 1)", "square({0} + {1})")


@dataclass
class Growing:
    draw: st.DrawFn
    where: str
    lines: list[str] = field(default_factory=list)
    along: list[str] = field(default_factory=lambda: ["S[p,m]", "C[m]"])
    complete: list[str] = field(default_factory=lambda: ["B[p]", "1 / 2"])

    def add_softmax(self) -> None:
        """The usual pair: a maximum and the exponential relative to it."""
        n = len(self.lines)
        value = self.draw(st.sampled_from([each for each in self.along if "p" in each]))
        self.lines.append(f"G{n}[p] max= {value}{self.where}")
        self.lines.append(f"E{n}[p,m] = exp({value} - G{n}[p]){self.where}")
        self.lines.append(f"D{n}[p] += E{n}[p,m]{self.where}")
        self.along.append(f"E{n}[p,m]")
        self.complete.append(f"D{n}[p]")

    def add_map(self) -> None:
        pattern = self.draw(st.sampled_from(MAPS))
        value = pattern.format(self._one(self.along), self._one(self.complete))
        if "p" in value:
            name = f"T{len(self.lines)}[p,m]"
            self.lines.append(f"{name} = {value}{self.where}")
            self.along.append(name)

    def add_sum(self) -> None:
        pattern = self.draw(st.sampled_from(SUMS))
        value = pattern.format(self._one(self.along[-2:]), self._one(self.complete))
        if "p" in value:
            name = f"R{len(self.lines)}[p]"
            self.lines.append(f"{name} += {value}{self.where}")
            self.complete.append(name)

    def add_maximum(self) -> None:
        value = self._one([each for each in self.along if "p" in each])
        name = f"X{len(self.lines)}[p]"
        self.lines.append(f"{name} max= {value}{self.where}")
        self.complete.append(name)

    def _one(self, of: list[str]) -> str:
        return self.draw(st.sampled_from(of))


@st.composite
def reductions(draw: st.DrawFn) -> tuple[str, str, str]:
    """(cascade text, ranks, inputs) as the fixture `cascade_of` takes them."""
    condition = draw(st.sampled_from(CONDITIONS))
    growing = Growing(draw, f" where {condition}" if condition else "")
    kinds = [growing.add_softmax, growing.add_map, growing.add_sum, growing.add_maximum]
    for _ in range(draw(st.integers(2, 6))):
        draw(st.sampled_from(kinds))()
    weighted = growing._one([each for each in growing.along if "p" in each])
    growing.lines.append(f"O[p,f] += {weighted} * W[m,f]{growing.where}")
    sizes = (draw(st.integers(1, 6)), draw(st.integers(1, 9)))
    return "\n".join(growing.lines), RANKS % sizes, INPUTS

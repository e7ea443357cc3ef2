"""Parts of a layer as texts of cascades, whose sizes are filled in last."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from accelsim.base.yamlfile import parse_yaml
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import read_workload
from accelsim.workload.model import Model, Shard

Ranks = tuple[str, ...]


@dataclass(frozen=True)
class LayerText:
    """A cascade before its sizes: `matrices` are of the weights' words, `vectors` of activations'
    as all else."""

    name: str
    about: str
    lines: tuple[str, ...]
    ranks: Mapping[str, int | str]
    inputs: Mapping[str, Ranks]
    matrices: Mapping[str, Ranks]
    vectors: Mapping[str, Ranks]
    outputs: Mapping[str, Ranks]
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def weights(self) -> tuple[str, ...]:
        return (*self.matrices, *self.vectors)

    def cascade(self, sizes: Mapping[str, int], model: Model) -> Cascade:
        words = {name: word_of(model.weight_bits) for name in self.matrices} | dict(self.words)
        tensors = {**self.inputs, **self.matrices, **self.vectors}
        body = "".join(f"  {line}\n" for line in self.lines)
        text = (
            f'about: "{self.about}"\nsource: made from a model\n'
            f"word: {word_of(model.activation_bits)}\nwords: {_flow(words)}\n"
            f"ranks: {_flow({**sizes, **self.ranks})}\n"
            f"inputs: {_flow(_lists(tensors))}\noutputs: {_flow(_lists(self.outputs))}\n"
            f"cascade: |\n{body}"
        )
        return read_workload(parse_yaml(text, f"{self.name} of {model.name}"), self.name)


def _flow(entries: Mapping[str, object]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in entries.items()) + "}"


def _lists(tensors: Mapping[str, Ranks]) -> dict[str, str]:
    return {name: f"[{', '.join(ranks)}]" for name, ranks in tensors.items()}


def word_of(bits: float) -> str:
    return f"{bits:g} bit"


def norm_lines(name: str, of: str, index: str, gain: str) -> tuple[str, str]:
    """Root mean square over the last index."""
    rest, _, last = index.rpartition(",")
    return (
        f"M{name}[{rest}] += square({of}[{index}]) / {last.upper()}",
        f"{name}[{index}] = {of}[{index}] * rsqrt(M{name}[{rest}] + 1e-6) * {gain}[{last}]",
    )


def rotation_line(name: str, of: str, index: str) -> str:
    """Halves (a, b) become (a cos - b sin, b cos + a sin)."""
    rest, _, last = index.rpartition(",")
    turned = f"({last} + {last.upper()}2) % {last.upper()}"
    return f"{name}[{index}] = {of}[{index}] * TC[p,{last}] + {of}[{rest},{turned}] * TS[p,{last}]"


def output_text(model: Model, part: Shard) -> LayerText:
    lines = ["O[b,p,d] += AV[b,h,p,f] * WO[h,f,d]"]
    if model.output_bias:
        lines.append("R1[b,p,d] = X[b,p,d] + O[b,p,d] + BO[d]")
    else:
        lines.append("R1[b,p,d] = X[b,p,d] + O[b,p,d]")
    return LayerText(
        name="output",
        about="Output projection, residual.",
        lines=tuple(lines),
        ranks={"H": part.heads, "F": model.result_dim},
        inputs={"AV": ("B", "H", "P", "F"), "X": ("B", "P", "D")},
        matrices={"WO": ("H", "F", "D")},
        vectors={"BO": ("D",)} if model.output_bias else {},
        outputs={"R1": ("B", "P", "D")},
    )


def network_text(model: Model, part: Shard) -> LayerText:
    lines, matrices = _columns(model, "s", "")
    return LayerText(
        name="network",
        about="Norm, feed-forward network, residual.",
        lines=(
            *norm_lines("N2", "R1", "b,p,d", "G2"),
            *lines,
            "X[b,p,d] = R1[b,p,d] + FF[b,p,d]",
        ),
        ranks={"S": part.feed_forward},
        inputs={"R1": ("B", "P", "D")},
        matrices=matrices,
        vectors={"G2": ("D",)},
        outputs={"X": ("B", "P", "D")},
    )


def _columns(model: Model, column: str, suffix: str) -> tuple[list[str], dict[str, Ranks]]:
    """The products of a network that every token goes through."""
    width, result = column.upper(), f"FF{suffix}"
    up, down = f"WU{suffix}", f"WD{suffix}"
    matrices: dict[str, Ranks] = {up: ("D", width), down: (width, "D")}
    lines = [f"FU{suffix}[b,p,{column}] += N2[b,p,d] * {up}[d,{column}]"]
    activated = f"gelu(FU{suffix}[b,p,{column}])"
    if model.gated:
        matrices[f"WG{suffix}"] = ("D", width)
        lines.append(f"FG{suffix}[b,p,{column}] += N2[b,p,d] * WG{suffix}[d,{column}]")
        activated = f"silu(FG{suffix}[b,p,{column}]) * FU{suffix}[b,p,{column}]"
    lines += [
        f"FA{suffix}[b,p,{column}] = {activated}",
        f"{result}[b,p,d] += FA{suffix}[b,p,{column}] * {down}[{column},d]",
    ]
    return lines, matrices


def experts_text(model: Model, part: Shard) -> LayerText:
    """C experts, of which a token goes to the K that score highest, weighed by a softmax over
    them; the shared ones are one network of Z columns."""
    experts = model.experts
    assert experts is not None, "the layer has experts"
    shared, matrices = _columns(model, "z", "Z") if experts.shared else ([], {})
    matrices |= {"WU": ("C", "D", "S"), "WD": ("C", "S", "D")}
    activated = "gelu(EU[b,p,k,s])"
    gate = []
    if model.gated:
        matrices["WG"] = ("C", "D", "S")
        gate = ["EG[b,p,k,s] += N2[b,p,d] * WG[IK[b,p,k],d,s]"]
        activated = "silu(EG[b,p,k,s]) * EU[b,p,k,s]"
    total = "R1[b,p,d] + EF[b,p,d]" + (" + FFZ[b,p,d]" if experts.shared else "")
    return LayerText(
        name="experts",
        about="Norm, router, the experts that it chooses, residual.",
        lines=(
            *norm_lines("N2", "R1", "b,p,d", "G2"),
            "XC[b,p,c] += N2[b,p,d] * WR[c,d]",
            "IK[b,p,k] topk= XC[b,p,c]",
            "MC[b,p] max= XC[b,p,c]",
            "EC[b,p,k] = exp(XC[b,p,IK[b,p,k]] - MC[b,p])",
            "DC[b,p] += EC[b,p,k]",
            "EU[b,p,k,s] += N2[b,p,d] * WU[IK[b,p,k],d,s]",
            *gate,
            f"EA[b,p,k,s] = EC[b,p,k] / DC[b,p] * {activated}",
            "EF[b,p,d] += EA[b,p,k,s] * WD[IK[b,p,k],s,d]",
            *shared,
            f"X[b,p,d] = {total}",
        ),
        ranks={"C": experts.count, "K": experts.active, "S": part.expert}
        | ({"Z": part.shared} if experts.shared else {}),
        inputs={"R1": ("B", "P", "D")},
        matrices=matrices,
        vectors={"G2": ("D",), "WR": ("C", "D")},
        outputs={"X": ("B", "P", "D")},
        words={"IK": "32 bit"},
    )

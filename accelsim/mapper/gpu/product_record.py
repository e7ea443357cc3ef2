"""A tiling that was found → the product kernel that it is, as a record like the shipped ones."""

from accelsim.arch.gpu import WARP
from accelsim.cost.gpu.product_shape import Tiling
from accelsim.mapper.gpu.product import BestProduct
from accelsim.mapping.product_kernel import Along, Family, Product, ProductKernel, Splits, Tile

ANY_WAVES = 10**6
"""What was found is no choice that has to be limited."""


def record_of(found: BestProduct, call: Product) -> ProductKernel:
    """With this tiling alone."""
    family, tiling = found.family, found.tiling
    own = {
        "tiles": (_tile(family, tiling),),
        "rule": None,
        "instruction_rows": family.rows_of_instruction,
        "clusters": ((tiling.cluster_n, tiling.cluster_m),),
        "splits": Splits(parts=(tiling.split,), steps=1, waves=ANY_WAVES, batches=True),
    }
    return found.kernel.model_copy(
        update={
            "about": about(found),
            "source": "found by accelsim map",
            "words": (call.dtype,),
            "planned": 1.0,
            "families": (family.model_copy(update=own),),
        }
    )


def _tile(family: Family, tiling: Tiling) -> Tile:
    along: Along = "n" if tiling.along_n else "m"
    if family.rule is not None:
        return Tile(
            n=tiling.n,
            m=tiling.m,
            threads=family.rule.threads,
            registers=family.rule.registers,
            along=along,
            alone=tiling.slower > 1,
        )
    wanted = (tiling.n, tiling.m, along, tiling.products, tiling.reads)
    return next(
        each
        for each in family.tiles
        if (each.n, each.m, each.along, each.products, each.reads) == wanted
    )


def about(found: BestProduct) -> str:
    """In a line."""
    family, tiling = found.family, found.tiling
    tile = _tile(family, tiling)
    parts = [
        f"{found.kernel.instruction}, {tiling.n} x {tiling.m} along N x M",
        f"{tile.threads // WARP} warps",
        f"{family.step_bytes} B of K a step",
    ]
    parts += [f"{family.stages} stages"] if family.stages else []
    if (tiling.cluster_n, tiling.cluster_m) != (1, 1):
        parts.append(f"clusters of {tiling.cluster_n} x {tiling.cluster_m}")
    parts += [f"K in {tiling.split} parts"] if tiling.split > 1 else []
    parts += ["blocks that stay"] if family.persistent else []
    return ", ".join(parts)

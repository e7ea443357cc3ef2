"""Random cascades stay equal under pass reduction."""

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim.base.errors import WorkloadError
from accelsim.workload.einsum import Cascade
from accelsim.workload.passes import passes
from accelsim.workload.rewrite import reduce_passes
from tests.workload.equality import assert_equal, reloaded
from tests.workload.random_cascades import cascades
from tests.workload.random_reductions import reductions

CascadeOf = Callable[..., Cascade]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=reductions(), tile=st.integers(1, 4))
def test_random_reductions_stay_equal(
    text: tuple[str, str, str], tile: int, cascade_of: CascadeOf
) -> None:
    try:
        before = cascade_of(*text)
    except WorkloadError:
        return
    found = reduce_passes(before, "M", tile)
    assert found.after.passes <= found.before.passes
    assert (found.obstacle is None) == (found.after.passes == 1)
    assert_equal(before, found.cascade)
    assert str(reloaded(found.cascade)) == str(found.cascade)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=cascades(), tile=st.integers(1, 4))
def test_random_cascades_stay_equal(
    text: tuple[str, str, str], tile: int, cascade_of: CascadeOf
) -> None:
    before = cascade_of(*text)
    for rank, each in passes(before).items():
        if each.passes > 1:
            assert_equal(before, reduce_passes(before, rank, tile).cascade)

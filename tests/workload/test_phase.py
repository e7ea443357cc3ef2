import pytest

from accelsim.base.errors import WorkloadError
from accelsim.workload.phase import Batch, Decode, Prefill, new_tokens


def test_new_tokens_of_all_sequences():
    parts = (Decode(10, 500), Prefill(64, 256), Prefill(8, 8, sequences=3))
    assert [new_tokens(part) for part in parts] == [10, 64, 24]
    assert new_tokens(Batch(parts)) == 98
    assert [part.earlier for part in parts[1:]] == [192, 0]


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: Decode(0, 5), "a decode of 0 tokens is no work. Give 1 or more"),
        (lambda: Decode(1, -5), "a decode of -5 context is no work"),
        (lambda: Prefill(5, 4), "a prefill of 5 tokens has a context of 4"),
        (lambda: Batch(()), "a batch of 0 parts is no work"),
    ],
)
def test_no_work_is_refused(make, complaint):
    with pytest.raises(WorkloadError) as caught:
        make()
    assert str(caught.value).startswith(complaint)

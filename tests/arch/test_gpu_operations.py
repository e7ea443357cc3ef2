import pytest

from accelsim.arch.gpu_operations import pipes_of, word_of
from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import ArchError
from accelsim.workload.operations import OPERATIONS

H100, V100, P40 = load_gpu("h100_sxm"), load_gpu("v100_sxm"), load_gpu("p40")


def test_exp_has_a_pipe_and_silu_is_made_of_two_others():
    assert [(pipe.name, n) for pipe, n in pipes_of(H100, "exp")] == [("sfu", 1)]
    assert sorted((pipe.name, n) for pipe, n in pipes_of(H100, "silu")) == [("fma", 1), ("sfu", 1)]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_of_the_language_can_be_done(operation):
    assert pipes_of(P40, operation)


def test_an_operation_of_no_pipe_is_refused():
    with pytest.raises(ArchError, match="no pipe for 'fly'"):
        pipes_of(H100, "fly")


@pytest.mark.parametrize(
    ("gpu", "word_bytes", "word"),
    [(H100, 1, "fp8"), (H100, 2, "bf16"), (V100, 1, "fp16"), (V100, 2, "fp16"), (H100, 4, "fp32")],
)
def test_words_are_taken_for_what_the_tensor_cores_know(gpu, word_bytes, word):
    assert word_of(gpu, word_bytes) == word

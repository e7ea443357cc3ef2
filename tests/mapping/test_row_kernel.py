"""Row-wise kernels as they are written, and which of them a call runs."""

import pytest

from accelsim.base.catalogue import names
from accelsim.base.errors import MappingError, RecordError, WorkloadError
from accelsim.base.record import read_record
from accelsim.base.yamlfile import parse_yaml
from accelsim.mapping.row_binding import bound, load_row_kernel, row_kernels
from accelsim.mapping.row_kernel import RowKernel
from accelsim.workload.calls import RmsNorm, Softmax

SHIPPED = [name for name in names("kernels") if name.startswith("rows/")]

TEXT = """\
about: A toy.
source: made up
workload: kernels/softmax
dtypes: [bf16]
when: cols <= 64
names: {half: cols / 2}
threads: 64
threads_per_row: 32
compiled:
- {cols: 32, registers: 16, code: 1000 B}
- {cols: 64, registers: 24, code: 2000 B}
phases:
- name: load
  reads: row
  over: half
  trip: {words: 2, instructions: 10 + word}
"""


def toy(*changes):
    text = TEXT
    for old, new in changes:
        text = text.replace(old, new)
    return read_record(parse_yaml(text, "toy.yaml"), RowKernel)


def names_of(call):
    return [kernel.name for kernel in row_kernels(call)]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_kernel_is_for_a_shipped_workload(name):
    assert load_row_kernel(name).workload in names("workloads")


@pytest.mark.parametrize(
    ("cols", "dtype", "kernel"),
    [
        (1, "bf16", "softmax_warp"),
        (2048, "fp32", "softmax_warp"),
        (2049, "bf16", "softmax_registers"),
        (9216, "bf16", "softmax_registers"),
        (9224, "bf16", "softmax_shared"),
        (9217, "bf16", "softmax_reread"),
        (24504, "bf16", "softmax_shared"),
        (24512, "bf16", "softmax_reread"),
        (12300, "fp32", "softmax_reread"),
    ],
)
def test_torch_chooses_a_softmax_by_the_length_of_a_row(cols, dtype, kernel):
    assert names_of(Softmax(rows=8, cols=cols, dtype=dtype)) == [kernel]


def test_rms_norm_is_one_kernel_for_vectors_of_four_words_and_two_for_other_rows():
    assert names_of(RmsNorm(rows=8, cols=4096)) == ["rms_norm_vector"]
    assert names_of(RmsNorm(rows=8, cols=4095)) == ["rms_norm_moments", "rms_norm_scale"]


def test_1000_words_are_padded_to_1024_and_six_loads_of_32_are_under_way():
    (kernel,) = row_kernels(Softmax(rows=8, cols=1000))
    load, divide = kernel.phases[0], kernel.phases[-1]
    assert (load.over, load.under_way, divide.over) == (1024, 6, 1000)
    assert (kernel.registers, kernel.code_bytes, kernel.rows_per_block) == (48, 25200, 4)


def test_of_fp32_all_32_loads_of_1024_words_are_under_way():
    (kernel,) = row_kernels(Softmax(rows=8, cols=1000, dtype="fp32"))
    assert kernel.phases[0].under_way == 32


def test_a_warp_takes_two_rows_of_up_to_128_words():
    (kernel,) = row_kernels(Softmax(rows=8, cols=128))
    assert (kernel.rows_per_warp, kernel.rows_per_block) == (2, 8)


def test_a_row_of_20000_bytes_lies_in_shared_memory():
    (kernel,) = row_kernels(Softmax(rows=8, cols=10000))
    assert kernel.shared_bytes == 20000


def test_rms_norm_reads_its_row_twice():
    (kernel,) = row_kernels(RmsNorm(rows=8, cols=4096))
    assert (kernel.passes, kernel.stores) == (2, True)


def test_numbers_may_be_expressions_over_the_row_and_the_kernels_own_names():
    kernel = bound("toy", toy(), 48, 2)
    assert kernel.phases[0].over == 24
    assert kernel.phases[0].trip.instructions == 12
    assert kernel.registers == 24


def test_a_row_beyond_the_compiled_ones_is_refused():
    with pytest.raises(MappingError, match="^toy is compiled for no row of 65 words"):
        bound("toy", toy(), 65, 2)


def test_words_that_no_kernel_takes_are_refused():
    with pytest.raises(WorkloadError) as caught:
        row_kernels(Softmax(rows=8, cols=64, dtype="fp8"))
    assert str(caught.value) == (
        "no kernel for kernels/softmax takes rows of 64 words of fp8. "
        "There are some for bf16, fp16, fp32"
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("10 + word", "10 + wrd"), "'wrd' is not known. Did you mean 'word'?"),
        (("cols / 2", "cols / cols2"), "'cols2' is not known. Did you mean 'cols'?"),
        (("cols <= 64", "cols <= "), "is not an expression"),
        (("  trip: {words: 2, instructions: 10 + word}\n", ""), "so it needs a 'trip'"),
        (("reads: row", "reads: rows"), "reads"),
    ],
)
def test_a_slip_in_a_kernel_is_told(change, complaint):
    with pytest.raises(RecordError) as caught:
        toy(change)
    assert complaint in str(caught.value)
    assert str(caught.value).startswith("toy.yaml:")

"""Numba loops of the search: a tape of arithmetic, replayed on blocks of candidates."""

import operator
from typing import Any

from numba import njit
from numpy import floor
from numpy.typing import NDArray

from accelsim.cost.tape import absolute, minus
from accelsim.mapper.opcodes import CEILING, CODES, SMALLEST
from accelsim.mapping.loops import larger

Array = NDArray[Any]

ADD, SUB = CODES[operator.add], CODES[operator.sub]
MUL, DIV = CODES[operator.mul], CODES[operator.truediv]
FLOORDIV, MOD, CEILDIV = CODES[operator.floordiv], CODES[operator.mod], CODES[CEILING]
LARGER, SMALLER = CODES[larger], CODES[SMALLEST]
NEG, ABS = CODES[minus], CODES[absolute]
LT, LE, GT, GE = (CODES[each] for each in (operator.lt, operator.le, operator.gt, operator.ge))
EQ, NE = CODES[operator.eq], CODES[operator.ne]


@njit(cache=True, nogil=True, error_model="numpy")
def replay(
    steps: Array, leaves: Array, wanted: Array, rows: Array, results: Array, first: int, end: int
) -> None:
    """Runs `steps` (n x 4: code, left row, right row, own row) on columns first … end - 1 of
    `leaves`.

    `rows` is room for one block, its constants filled in, the leaves first; of `wanted` rows the
    results are kept. A block's rows stay in the cache while the steps pass over them.
    """
    block = rows.shape[1]
    for start in range(first, end, block):
        width = min(block, end - start)
        for leaf in range(leaves.shape[0]):
            for i in range(width):
                rows[leaf, i] = leaves[leaf, start + i]
        for step in range(steps.shape[0]):
            code = steps[step, 0]
            left, right, out = rows[steps[step, 1]], rows[steps[step, 2]], rows[steps[step, 3]]
            if code == MUL:
                for i in range(block):
                    out[i] = left[i] * right[i]
            elif code == ADD:
                for i in range(block):
                    out[i] = left[i] + right[i]
            elif code == SUB:
                for i in range(block):
                    out[i] = left[i] - right[i]
            elif code == CEILDIV:
                for i in range(block):
                    out[i] = -floor(-left[i] / right[i])
            elif code == FLOORDIV:
                for i in range(block):
                    out[i] = floor(left[i] / right[i])
            elif code == MOD:
                for i in range(block):
                    out[i] = left[i] - floor(left[i] / right[i]) * right[i]
            elif code == DIV:
                for i in range(block):
                    out[i] = left[i] / right[i]
            elif code == LARGER:
                for i in range(block):
                    out[i] = left[i] if left[i] >= right[i] else right[i]
            elif code == SMALLER:
                for i in range(block):
                    out[i] = left[i] if left[i] <= right[i] else right[i]
            elif code == NEG:
                for i in range(block):
                    out[i] = -left[i]
            elif code == EQ:
                for i in range(block):
                    out[i] = 1.0 if left[i] == right[i] else 0.0
            elif code == NE:
                for i in range(block):
                    out[i] = 1.0 if left[i] != right[i] else 0.0
            elif code == LT:
                for i in range(block):
                    out[i] = 1.0 if left[i] < right[i] else 0.0
            elif code == LE:
                for i in range(block):
                    out[i] = 1.0 if left[i] <= right[i] else 0.0
            elif code == GT:
                for i in range(block):
                    out[i] = 1.0 if left[i] > right[i] else 0.0
            elif code == GE:
                for i in range(block):
                    out[i] = 1.0 if left[i] >= right[i] else 0.0
            elif code == ABS:
                for i in range(block):
                    out[i] = abs(left[i])
        for result in range(wanted.shape[0]):
            for i in range(width):
                results[result, start + i] = rows[wanted[result], i]

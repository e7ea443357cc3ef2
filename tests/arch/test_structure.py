import pytest

from accelsim.arch.parts import ComputeArray, Memory, Operation
from accelsim.arch.spatial import Spatial
from accelsim.arch.structure import Problem, problems

MAC = Operation(energy_pj=2)
DRAM = Memory(name="DRAM")
BUFFER = Memory(name="Buffer")
FILE = Memory(name="File", per="Grid")
GRID = ComputeArray(name="Grid", rows=2, columns=2, operations={"mac": MAC})


def machine(*memories, compute=(GRID,)):
    return Spatial(about="toy", clock_hz=1, memories=memories, compute=compute)


def grid(**operations):
    return GRID.model_copy(update={"operations": operations})


def composite(**made_of):
    return Operation(as_=made_of)


def test_a_chain_of_three_memories_over_an_array_is_right():
    assert problems(machine(DRAM, BUFFER, FILE)) == []


def test_two_arrays_side_by_side_with_register_files_are_right():
    line = ComputeArray(name="Line", columns=2, operations={"mac": MAC})
    line_file = Memory(name="LineFile", per="Line")
    assert problems(machine(DRAM, BUFFER, FILE, line_file, compute=(GRID, line))) == []


def test_a_buffer_for_each_array_is_right():
    left, right = (Memory(name=name, under="DRAM") for name in ("Left", "Right"))
    arrays = [GRID.model_copy(update={"name": n.lower(), "under": n}) for n in ("Left", "Right")]
    assert problems(machine(DRAM, left, right, compute=arrays)) == []


@pytest.mark.parametrize(
    ("arch", "path", "fact", "remedy"),
    [
        (machine(), ("memories",), "the machine has no memory", "Add at least a DRAM"),
        (
            machine(DRAM, compute=()),
            ("compute",),
            "the machine has no compute array",
            "Add at least one",
        ),
        (
            machine(DRAM, BUFFER, BUFFER),
            ("memories", 2, "name"),
            "two parts are called 'Buffer'",
            "Rename one",
        ),
        (
            machine(DRAM, Memory(name="Grid")),
            ("compute", 0, "name"),
            "two parts are called 'Grid'",
            "Rename one",
        ),
        (
            machine(DRAM, Memory(name="Buffer", under="Dram")),
            ("memories", 1, "under"),
            "Buffer is under 'Dram', which is no memory",
            "Did you mean 'DRAM'?",
        ),
        (
            machine(DRAM, compute=(GRID.model_copy(update={"under": "Sphere"}),)),
            ("compute", 0, "under"),
            "Grid is under 'Sphere', which is no memory",
            "There is DRAM",
        ),
        (
            machine(DRAM, Memory(name="File", per="Gird")),
            ("memories", 1, "per"),
            "File is per 'Gird', which is no compute array",
            "Did you mean 'Grid'?",
        ),
        (
            machine(Memory(name="DRAM", under="Buffer"), BUFFER),
            ("memories", 0, "under"),
            "DRAM is under Buffer is under DRAM: a ring",
            "The outermost memory is under nothing",
        ),
        (
            machine(Memory(name="DRAM", under="DRAM"), BUFFER),
            ("memories", 0, "under"),
            "DRAM is under DRAM: a ring",
            "The outermost memory is under nothing",
        ),
        (
            machine(FILE, DRAM),
            ("memories",),
            "File and DRAM are both outermost memories",
            "Say what one of them is 'under'",
        ),
        (
            machine(DRAM, FILE, compute=(GRID.model_copy(update={"under": "DRAM"}),)),
            ("memories", 1, "per"),
            "File is per Grid, but Grid is under DRAM",
            "Write 'under: File' in Grid",
        ),
        (
            machine(
                DRAM,
                FILE,
                compute=(GRID, GRID.model_copy(update={"name": "Line", "under": "File"})),
            ),
            ("compute", 1, "under"),
            "Line is under File, which is inside the PEs of Grid",
            "Hang it under a shared memory",
        ),
        (
            machine(DRAM, compute=(grid(),)),
            ("compute", 0, "operations"),
            "Grid has no operation",
            "Add one: mac: {energy: 1 pJ}",
        ),
        (
            machine(DRAM, compute=(grid(mac=MAC, exp=composite(mak=6)),)),
            ("compute", 0, "operations", "exp"),
            "Grid: 'exp' is made of 'mak', which the array cannot do",
            "Did you mean 'mac'?",
        ),
        (
            machine(DRAM, compute=(grid(exp=composite(mul=2), mul=composite(exp=1)),)),
            ("compute", 0, "operations", "exp"),
            "Grid: 'exp' is made of itself",
            "Give it an energy",
        ),
        (
            machine(DRAM, compute=(grid(mac=MAC, pipe=Operation(fuses=("sub", "mac"))),)),
            ("compute", 0, "operations", "pipe"),
            "Grid: 'pipe' is made of 'sub', which the array cannot do",
            "There is mac",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_a_remedy(arch, path, fact, remedy):
    assert problems(arch)[0] == Problem(path, fact, remedy)

"""Templates against what they say on paper, and what would be code against its line."""

import pytest

from accelsim.base.errors import ArchError
from accelsim.interop.timeloop import from_timeloop
from accelsim.interop.timeloop_template import expanded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{% set N = 3 %}\na: {{ N }}\n", "\na: 3\n"),
        ("{%- set N = 2 ** 4 -%}\na: {{N*8//3 + 1}}\n", "\na: 43\n"),
        ("{% set N = 3 %}{% set M = N / 2 %}\na: {{ M }}\n", "\na: 1.5\n"),
        ("{% set N = 1 %}\na: {{ N }}\n{% set N = 2 %}\nb: {{ N }}\n", "\na: 1\n\nb: 2\n"),
        ("variables:\n  A: 4\n  B: A * 2 # twice\nb: {{ B + 1 }}\n", None),
        ("a: {{ X | default(64) }}\n", "a: 64\n"),
        ("{% set X = 3 %}\na: {{ X | default(64) }}\n", "\na: 3\n"),
        ('{% set T = "45nm" %}\na: {{ T }}\n', "\na: 45nm\n"),
        ("{# a\nremark #}\na: 1\n", "\n\na: 1\n"),
        ("a: 1 # {{ anything() }}\n{# #}", "a: 1 # {{ anything() }}\n"),
        ("a: {b: 1}\n", "a: {b: 1}\n"),
    ],
)
def test_names_and_arithmetic(text, expected):
    if expected is None:
        expected = text.replace("{{ B + 1 }}", "9")
    assert expanded(text, "a.yaml") == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("\n{% if x %}\n{% endif %}", "a.yaml:2: the template's {% if x %} is more than a name"),
        ("{% for i in range(9) %}", "a.yaml:1: the template's {% for i in range(9) %} is more"),
        ("{% include 'b.yaml' %}", "is more than a name and arithmetic. Render the template first"),
        ("{% set A = 1 %}\na: {{ B }}\n", "a.yaml:2: the template's name 'B' is not set above"),
        ("{% set SIZE = 1 %}\na: {{ SISE }}", "not set above. Did you mean 'SIZE'?"),
        ("a: {{ cwd() }}\n", "a.yaml:1: the template's {{ cwd() }} is no arithmetic here"),
        ("a: {{ ''.__class__ }}\n", "is no arithmetic here"),
        ("{% set a = 1 %}\nb: {{ a.__class__ }}\n", "name 'a.__class__' is not set above"),
        ("{% set a = 9 ** 9 ** 9 ** 9 %}", "is no arithmetic here"),
        ("{% set a = 1 / 0 %}", "division by zero"),
        ("a: 1\n{% set a = 1\n", "a.yaml:2: a template's '{%' has no '%}'"),
    ],
)
def test_code_is_refused_with_its_line(text, complaint):
    with pytest.raises(ArchError) as error:
        expanded(text, "a.yaml")
    assert complaint in str(error.value)


MACHINE = """\
{% set ROWS = 8 %}
{% set KIB = 1024 * 8 %}
arch:
  nodes:
  - !Memory
    name: Main
    size: inf
    actions: [{name: read, energy: 1e-12, throughput: 8e9}, {name: write, energy: 1e-12}]
  - !Memory
    name: Buffer
    size: {{ 64 * KIB }}
    actions: [{name: read, energy: 1e-13}, {name: write, energy: 1e-13}]
    strange: 1
  - !Container
    name: PE
    spatial: [{name: x, fanout: {{ ROWS * 2 }}}, {name: y, fanout: {{ ROWS }}}]
  - !Compute
    name: MAC
    actions: [{name: compute, energy: 5e-13, throughput: 1e9}]
"""


def test_a_machine_with_a_template_is_what_it_says_and_remarks_keep_their_lines(tmp_path):
    file = tmp_path / "arch.yaml"
    file.write_text(MACHINE)
    found = from_timeloop(file)
    assert found.machine.memory("Buffer").capacity_bytes == 64 * 1024
    (array,) = found.machine.compute
    assert (array.rows, array.columns) == (8, 16)
    assert ("Buffer: 'strange' is left out", 13) in [(r.text, r.at.line) for r in found.remarks]

import pytest

from accelsim.base.catalogue import entries
from accelsim.base.errors import AccelsimError
from accelsim.workload.model_load import load_model

FILE = "layers: 1\nhidden: 8\nheads: 2\nfeed_forward: 8\nvocabulary: 9\n"


def test_a_model_is_called_like_its_file_unless_it_has_a_name(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(FILE)
    assert load_model(file).name == "mine"
    file.write_text(FILE + "name: other\n")
    assert load_model(str(file)).name == "other"


def test_a_shipped_model_by_any_spelling_with_settings():
    model = load_model(
        "llama3-70b",
        {
            "kv": "8 bit",
            "experts": "{count: 4, active: 1, \
feed_forward: 64}",
        },
    )
    assert (model.name, model.kv_bits, model.experts.count) == ("llama3_70b", 8, 4)
    assert load_model("Qwen3-0.6B").tied


def test_every_shipped_model_says_what_it_is_and_where_its_sizes_are_from():
    assert len(entries("models")) == 17
    for entry in entries("models"):
        model = load_model(entry.name)
        assert model.about
        assert model.source


@pytest.mark.parametrize(
    ("name", "settings", "complaint"),
    [
        ("lama3_70b", {}, "there is no model 'lama3_70b', and no such file. Did you mean"),
        ("nowhere.yaml", {}, "nowhere.yaml: no such file"),
        ("llama3_8b", {"kv_heds": 4}, "Did you mean 'kv_heads'?"),
        ("llama3_8b", {"kv": "8 GB/s"}, "'8 GB/s' is not a quantity in bit"),
        ("llama3_8b", {"layers": "-3"}, "layers: '-3' must be above 0"),
    ],
)
def test_what_is_wrong_is_one_line(name, settings, complaint):
    with pytest.raises(AccelsimError) as caught:
        load_model(name, settings)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_kind_of_file_is_refused(tmp_path):
    file = tmp_path / "w.yaml"
    file.write_text("word: 2 B\nranks: {M: 4}\ncascade: Z[m] = X[m]\n")
    with pytest.raises(AccelsimError, match="this is no model; it has the keys word"):
        load_model(file)

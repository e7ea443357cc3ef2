from accelsim import bind, load_arch, load_mapping, load_workload, render


def test_a_mapping_shows_its_loops_with_numbers_and_its_yaml_without():
    mapping = load_mapping("fusemax_binding")
    bound = bind(mapping, load_workload("attention/one_pass"), load_arch("fusemax_cloud"))
    assert render(bound) in bound._repr_html_()
    assert "nests:" in mapping._repr_html_() and "for H in 12" not in mapping._repr_html_()


def test_its_text_is_escaped():
    mapping = load_mapping("fusemax_binding").model_copy(update={"about": "<b>"})
    assert "&lt;b&gt;" in mapping._repr_html_()
    assert mapping._repr_html_().count("<b>") == 1, "that of its own heading"

from accelsim.sim.request import Outcome, Request

ASKED = Request(0, 10.0, prompt_tokens=100, output_tokens=3)


def test_time_to_first_token_counts_from_the_arrival_not_from_the_start():
    outcome = Outcome(ASKED, 12.0, 12.5, 13.0, tbt_mean_s=0.25, tbt_max_s=0.3)
    assert outcome.ttft_s == 2.5


def test_where_the_prompt_is_computed_elsewhere_there_is_no_time_to_first_token():
    assert Outcome(ASKED, 12.0, None, 13.0, tbt_mean_s=0.25, tbt_max_s=0.3).ttft_s is None

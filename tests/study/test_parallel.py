from accelsim.study.parallel import WORTH_IT, each_of


def test_few_things_are_done_here():
    assert list(each_of(lambda number: number + 1, range(WORTH_IT - 1))) == list(range(1, WORTH_IT))


def test_many_things_come_in_order():
    numbers = range(3 * WORTH_IT)
    assert list(each_of(str, numbers)) == [str(number) for number in numbers]

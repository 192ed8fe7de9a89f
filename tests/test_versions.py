"""Versions and ranges: the traps of PEP 440, and the laws that judging rests on."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from mlaudit.model import plain_versions
from mlaudit.model.nouns import Distance
from mlaudit.model.plain_versions import MAX_CLAUSES
from mlaudit.model.versions import (
    admits,
    both,
    disjoint,
    distance,
    exact,
    in_order,
    is_before,
    is_prerelease,
    is_range,
    is_version,
    joined,
    meet,
    of_its_release,
    oldest,
    parsed,
    release_numbers,
    same_public,
    specifiers,
    split_variant,
    tightened,
    version_key,
)

numbers = st.integers(0, 4)
releases = st.builds(lambda parts: ".".join(map(str, parts)), st.lists(numbers, min_size=1, max_size=3))
tails = st.sampled_from(["", "", "", "a1", "rc1", ".post1", ".dev1"])
versions = st.builds(lambda release, tail: release + tail, releases, tails)
clauses = st.one_of(
    st.builds(
        lambda operator, version: operator + version, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), versions
    ),
    st.builds(lambda release: f"=={release}.*", releases),
    st.builds(lambda major, minor: f"~={major}.{minor}", numbers, numbers),
)
ranges = st.builds(",".join, st.lists(clauses, min_size=1, max_size=3))


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("2.1.3", "1.26.0", Distance.MAJOR),
        ("1.5.2", "1.3.2", Distance.MINOR),
        ("1.5.2", "1.5.1", Distance.PATCH),
        ("1.5.2", "1.5.2.1", Distance.PATCH),
        ("1.5.2", "1.5.2.post1", Distance.PRE),
        ("2.0rc1", "2.0", Distance.PRE),
        ("1.0", "1.0.0", None),
        ("1.0", "v1.0", None),
        ("1!1.0", "1.0", Distance.MAJOR),
        ("2.5.1+cu124", "2.5.1+cpu", None),
        ("2.9.0post0", "2.9.0.post0", None),
        ("9e", "9d", Distance.PRE),
        ("2024a", "2024b", Distance.PRE),
        ("2024a", "2023a", Distance.MAJOR),
        ("1.2.3.x", "1.2.3", Distance.PRE),
        ("1", "1.1", Distance.MINOR),
        ("1", "1.0.1", Distance.PATCH),
        ("nightly", "0.0.0", Distance.PRE),
        ("nightly", "0.0.1", Distance.PATCH),
        ("nightly", "1.0", Distance.MAJOR),
        ("nightly", "0.1", Distance.MINOR),
        ("1.2.3.x", "1.2.4.x", Distance.PATCH),
        ("1.2.x", "1.3.x", Distance.MINOR),
        ("x1.2.3.4.5.6.7", "x1.2.3.4.5.6.8", Distance.PRE),
        ("x1.2.3.4.5.6.7", "x1.2.3.4.5.7.7", Distance.PATCH),
        ("x1234567890", "x1234567891", Distance.MINOR),
        ("1", "1.0.0.0", None),
        ("1.2.3.0", "1.2.3.post1", Distance.PRE),
        ("1.2.0.0", "1.2", None),
        ("1.0.0.0.1", "1", Distance.PATCH),
        ("x" * 256 + "1", "x" * 256 + "2", Distance.PRE),
    ],
)
def test_distance(left: str, right: str, expected: Distance | None) -> None:
    assert distance(left, right) == expected
    assert distance(right, left) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.5.1+cu124", ("2.5.1", "cu124")),
        ("2.5.1+cpu", ("2.5.1", "cpu")),
        ("2.3.0+rocm6.1", ("2.3.0", "rocm6.1")),
        ("2.10.0a0+b4e4ee81d3.nv25.12", ("2.10.0a0", "nv25.12")),
        ("0.4.30+cuda12.cudnn91", ("0.4.30", "cuda12.cudnn91")),
        ("1.0+local", ("1.0", "local")),
        ("1.0", ("1.0", None)),
        ("1.0+", ("1.0+", None)),
        ("1.0+CU124", ("1.0", "cu124")),
        ("1.0+Local", ("1.0", "Local")),
    ],
)
def test_variant_apart_from_version(version: str, expected: tuple[str, str | None]) -> None:
    assert split_variant(version) == expected


@pytest.mark.parametrize(
    ("specifier", "version", "expected"),
    [
        ("==2.5.1", "2.5.1+cu124", True),
        ("==2.5.1+cu124", "2.5.1", False),
        ("!=2.5.1", "2.5.1+cu124", False),
        (">1.7", "1.7.post1", False),
        ("<2", "2.0rc1", False),
        (">=2.10", "2.10.0a0+b4e4ee81d3.nv25.12", True),
        (">=2.10", "2.10.0a0", False),
        ("===1.0", "1.0.0", False),
        (">=1.0", "1!0.5", True),
        ("", "3.0", True),
        (">=2.10", "2.9.0a0+b4e4ee81d3.nv25.12", False),
        (">=2.10", "2.9+cu124", False),
        ("<2.10", "2.10.0+cu124", False),
        (">2.10", "2.10.0.post1+cu124", False),
        (">=1", "nightly", True),
        ("nonsense", "1.0", True),
        (">=1.0rc1", "1.0rc2", True),
    ],
)
def test_admits(specifier: str, version: str, expected: bool) -> None:
    assert admits(specifier, version) is expected


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        ("==2.6.1", "2.6.1"),
        ("==2.6.1,<=3.0.0", "2.6.1"),
        ("==2.6.1,<2", None),
        ("==2.8.*", None),
        ("===1.0-custom", "1.0-custom"),
        (">=1,<=1", None),
        ("<=4.1", None),
        ("nonsense", None),
        ("", None),
        ("==1.0,===1.0", "1.0"),
        ("==1.0,==1.0.0", "1.0"),
        ("==1.0,==1.1", None),
        ("==1.*,==1.0", "1.0"),
        ("===1.0,<1", None),
        ("===x,<1", "x"),
        ("==1.0,===2.0", None),
        ("===1.0,==1.0.0", "1.0"),
        ("==1.0,===1.0.0", "1.0.0"),
        ("===Nightly,===nightly", "Nightly"),
        ("===nightly,===weekly", None),
    ],
)
def test_a_range_is_never_read_as_a_version(specifier: str, expected: str | None) -> None:
    assert exact(specifier) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (">=2.1", "<2", True),
        (">=2", "<=2", False),
        (">2", "<=2", True),
        ("<2", ">=2.0rc1", True),
        ("<=2", ">=2.0rc1", False),
        ("~=1.4", ">=2", True),
        ("~=1.4.2", ">=1.5", True),
        ("~=1.4", ">=1.99", False),
        ("==1.26.*", ">=1.26.4,<1.27", False),
        ("==1.26.*", "==1.2.*", True),
        ("!=1.0", "==1.0", True),
        (">1.0,<1.0.1", ">=1.0.0.5", False),
        ("==1!1.0", "<2", True),
        ("", "<0.0.1", False),
        ("", "", False),
        ("", "not a range", False),
        ("not a range", "", False),
        (">=2,nonsense", "<1", False),
        # Each of these has its versions in one place only: a prerelease, a post-release, or beside the end of a prefix.
        ("==1.*", "<1.dev1", False),
        (">1.0.dev9", "<1.0a1", False),
        (">1.0rc5", "<=1.0,!=1.0", False),
        (">1.0rc99999999", "<1.0.post0", False),
        (">=1.0,!=1.0", "<1.0.post1", False),
        (">1.0.post5", "<1.0.0.0.0.1", False),
        (">1.0", "<1.0.1", False),
        ("==1.*", "!=1.0.*", False),
        ("==1!1.*", "!=1!1.0.*", False),
        ("==1!2.3.*", "!=1!2.3.0.*,>1!2.3", False),
        ("==1.*,<1.1", "!=1.1.*,!=1.0", False),
        ("===nightly", "===nightly", False),
        ("===nightly", "===weekly", True),
        ("==1.*", "!=1.*", True),
        ("~=1.2,!=1.2.*", "<1.3.dev0", True),
        (">=1!1", "<1!1", True),
        # What begins after the versions that are named, and ends before any other round number.
        ("<0.dev1", "", False),
        ("!=0.dev0", "<0.dev2", False),
        (">1.0.dev1", "<1.0.dev3", False),
        (">1.0a1.dev1", "<1.0a1.dev3", False),
        (">1.0a1.dev3", "<1.0a2,!=1.0a1.dev4", False),
        (">1.0.post2.dev1", "<1.0.post2.dev3", False),
        (">1.0a1.post2.dev1", "<=1.0a1.post2,!=1.0a1.post2.dev2", False),
        (">=1.0.post2.dev0,!=1.0.post2.dev0", "<=1.0.post2,!=1.0.post2.dev1", False),
        (">1.0a1", "<1.0a2", False),
        (">1.0b1,!=1.0b2.dev0", "<1.0b2", False),
        ("!=1.0rc1", ">=1.0rc1,<1.0rc1.post1", False),
        (">1.0.post1", "<1.0.post2", True),
        (">1.0.post1", "<=1.0.post2,!=1.0.post2", False),
        (">=1.0.post1", "<1.0.post3,!=1.0.post1", False),
        (">1.0", "<1.0.0.0.1.dev1", False),
        (">1.0", "<1.0.0.0.0.0.0.0.1", False),
        (">1.0.0.0.0.0.0.0", "<1.0.0.0.0.0.0.0.1", False),
        (">1!1.0", "<1!1.0.1", False),
        ("!=1.2.*", ">=1.2,<1.3", True),
        ("!=1.2.*", ">=1.2,<1.3.dev1", False),
        ("!=1.2.*", ">=1.2,<=1.3.dev0", False),
        ("!=9.*", ">=9,<10.dev1", False),
        ("!=9.*", ">=9,<=10.dev0", False),
        ("!=1!2.*", ">=1!2,<=1!3.dev0", False),
        ("==1.0+x,!=1.0", "", True),
        ("==1.0+x", "!=1.0+y", False),
        ("==1.0", "!=1.0+y", False),
        ("==1.0+x", "!=1.0+x", True),
        ("===x", ">=0", True),
        ("===x", "===X", False),
    ],
)
def test_disjoint(left: str, right: str, expected: bool) -> None:
    assert disjoint(left, right) is expected


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ([], True),
        ([">=1", "<2"], True),
        ([">=2", "<1"], False),
        ([">=2", "no clause", "<1"], False),
        ([">=2", "no clause"], True),
        (["no clause"], True),
        ([">=1.0rc1", "<1.0rc2"], True),
        (["==1.0", "!=1.0"], False),
    ],
)
def test_clauses_that_meet(clauses: list[str], expected: bool) -> None:
    assert meet(clauses) is expected


FLOORS = [f">=1.{minor}" for minor in range(70)]
OTHERS = [f"!=1.{minor}" for minor in range(70)]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["", " "], ""),
        ([">=1,<2", "<2, !=1.5"], ">=1,<2,!=1.5"),
        (FLOORS[:64], ",".join(FLOORS[:64])),
        (FLOORS[:65], ">=1.64"),
        ([*FLOORS, ">=1.69.0"], ">=1.69"),
        ([",".join(FLOORS[::-1])], ">=1.69"),
        ([*FLOORS, "<3", "<2", "<2.5"], ">=1.69,<2"),
        ([*FLOORS, "<=3", "<=2", "<=2.5", ">1.80", ">1.90", ">1.8"], ">=1.69,<=2,>1.90"),
        ([*FLOORS, "~=1.5", "!=1.7", "==1.*", ">=x"], ">=1.69,~=1.5,!=1.7,==1.*,>=x"),
        ([*FLOORS, ">= 1.99", "<2"], ">= 1.99,<2"),
        ([*OTHERS, "<2"], ",".join(["<2", *OTHERS[:63]])),
    ],
)
def test_of_many_bounds_the_tightest_are_kept(texts: list[str], expected: str) -> None:
    assert joined(texts) == expected
    assert joined([*texts, ""]) == both(",".join(texts), "") == expected


@pytest.mark.parametrize(
    ("text", "is_version", "is_range"),
    [
        ("1" * 256, True, False),
        ("1" * 257, False, False),
        (">=" + "1" * 254, False, True),
        (">=" + "1" * 255, False, False),
        (",".join(FLOORS[:64]), False, True),
        (",".join(FLOORS[:65]), False, False),
        (",".join([*FLOORS[:63], ">=" + "1" * 255]), False, False),
        ("1.0.dev0", True, False),
        ("", False, True),
    ],
)
def test_what_is_longer_than_any_version_is_none(text: str, is_version: bool, is_range: bool) -> None:
    assert (parsed(text) is not None) is is_version
    assert (specifiers(text) is not None) is is_range


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("1.0", "1.0.0", True),
        ("1.0+cu124", "1.0+cpu", True),
        ("Nightly", " nightly+x", True),
        ("Nightly ", "nightly", True),
        ("nightly", "1.0", False),
        ("nightly", "weekly", False),
        ("1.0", " " * 300 + "1.0", True),
    ],
)
def test_same_public(left: str, right: str, same: bool) -> None:
    assert same_public(left, right) is same
    assert (distance(left, right) is None) is same


@given(left=ranges, right=ranges, version=versions)
def test_a_shared_version_disproves_disjointness(left: str, right: str, version: str) -> None:
    shared = all(SpecifierSet(text).contains(Version(version), prereleases=True) for text in (left, right))
    if shared:
        assert not disjoint(left, right)
        assert admits(both(left, right), version)


PARTS = [
    "".join(parts)
    for parts in product(
        ("", "a0", "a1", "a2", "rc1"), ("", ".post0", ".post1", ".post2"), ("", ".dev0", ".dev1", ".dev2")
    )
]
GRID = [Version(f"{release}{parts}") for release in ("0", "0.1", "1", "1.0.1", "1.1", "1!0") for parts in PARTS]
named_versions = st.sampled_from([str(one) for one in GRID])
all_clauses = st.one_of(
    st.builds(str.__add__, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), named_versions),
    st.builds(str.__add__, st.sampled_from(["==", "!="]), st.sampled_from(["0.*", "0.1.*", "1.*", "1.0.*", "1!0.*"])),
)
all_ranges = st.builds(",".join, st.lists(all_clauses, min_size=1, max_size=4))


@settings(max_examples=300)
@given(left=all_ranges, right=all_ranges)
def test_no_version_of_many_is_in_disjoint_ranges(left: str, right: str) -> None:
    """Whatever is near what clauses name, development versions of post-releases among it, is tried."""
    if disjoint(left, right):
        one, other = SpecifierSet(left, prereleases=True), SpecifierSet(right, prereleases=True)
        assert [str(version) for version in GRID if one.contains(version) and other.contains(version)] == []


@given(left=ranges, right=ranges)
def test_disjointness_is_symmetric(left: str, right: str) -> None:
    assert disjoint(left, right) == disjoint(right, left)


def test_what_is_no_version_sorts_before_all_releases() -> None:
    assert oldest() == Version("0")


@given(left=versions, right=versions)
def test_equal_versions_have_no_distance(left: str, right: str) -> None:
    assert (distance(left, right) is None) == same_public(left, right)
    assert same_public(left, right) == (Version(left) == Version(right))


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_is_judged_without_an_error(left: str, right: str) -> None:
    assert distance(left, left) is None
    assert isinstance(disjoint(left, right), bool)
    assert admits(left, right) in (True, False)


spelled = st.one_of(versions, st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,2}){0,3}(\.post[0-9]{1,2})?", fullmatch=True))
spelled_clauses = st.one_of(
    clauses,
    st.builds(
        lambda operator, version, ending: f"{operator}{version}{ending}",
        st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "~=", "===", "=", ""]),
        spelled,
        st.sampled_from(["", "", "", ".*", " ", "."]),
    ),
)


@settings(max_examples=400)
@given(st.lists(spelled_clauses, min_size=1, max_size=3).map(",".join), spelled)
def test_plain_ranges_admit_what_packaging_says(text: str, version: str) -> None:
    try:
        expected = SpecifierSet(text, prereleases=True).contains(version)
    except InvalidSpecifier:
        assert plain_versions.clauses(text) is None
        return
    plain = plain_versions.admits(text, version)
    assert plain in (None, expected)
    assert is_range(text)
    if "===" not in text:
        assert admits(text, version) == expected


@settings(max_examples=400)
@given(spelled, spelled)
def test_plain_versions_sort_as_packaging_sorts_them(left: str, right: str) -> None:
    version, other = Version(left), Version(right)
    assert (plain_versions.order(str(version)) is None) is (version.pre is not None or version.dev is not None)
    assert is_before(left, right) is (version < other)
    assert same_public(left, right) is (version == other)
    assert of_its_release(left) == version.base_version
    assert is_prerelease(left) is version.is_prerelease
    assert release_numbers(left) == plain_versions.stripped(version.release)
    assert exact(f"=={left}") == left


@pytest.mark.parametrize("text", ["", "1.", "01.2", "1..2", "1.2-1", "v1", "1.2+cpu", "1!2", "1.0.post", "a", "1.2 "])
def test_what_is_spelled_otherwise_is_not_read_as_plain(text: str) -> None:
    assert plain_versions.order(text) is None


def test_a_plain_range_of_too_many_clauses_is_not_understood() -> None:
    most = ",".join(["<2"] * MAX_CLAUSES)
    assert plain_versions.admits(most, "3") is False
    assert plain_versions.admits(f"{most},<2", "3") is None
    assert admits(f"{most},<2", "3")
    assert not is_range(f"{most},<2")


@pytest.mark.parametrize(
    ("left", "right", "expected"), [("1.0", "nonsense", None), ("1.0rc1", "1.0", True), ("1.0", "1.0rc1", False)]
)
def test_what_cannot_be_read_sorts_nowhere(left: str, right: str, expected: bool | None) -> None:
    assert is_before(left, right) is expected
    assert (release_numbers("nonsense"), of_its_release("nonsense"), is_version("nonsense")) == (None, None, False)


spellings = st.one_of(
    spelled, st.sampled_from(["v1.0", "1.0C1", "1.0-1", "01.0", "1.0a01", "1.0+CU121", "1!1.0", "1.0.0.0", "1.0.dev0"])
)


@settings(max_examples=400)
@given(spellings, spellings)
def test_spellings_of_one_version_have_one_key(left: str, right: str) -> None:
    assert (version_key(left) == version_key(right)) is (Version(left) == Version(right))


@pytest.mark.parametrize(
    ("versions_in_no_order", "expected"),
    [
        (["1.10", "1.9", "1.9", "1.9.post1"], ["1.9", "1.9.post1", "1.10"]),
        (["1.10", "1.10rc1", "1.9", "nonsense"], ["nonsense", "1.9", "1.10rc1", "1.10"]),
    ],
)
def test_versions_are_put_in_order(versions_in_no_order: list[str], expected: list[str]) -> None:
    assert in_order(versions_in_no_order) == expected


@given(spelled_clauses, spelled_clauses)
def test_a_range_that_admits_a_version_it_names_is_not_empty(left: str, right: str) -> None:
    try:
        text = str(SpecifierSet(f"{left},{right}"))
    except InvalidSpecifier:
        return
    if plain_versions.names_its_own(text):
        named = [Version(clause.version.removesuffix(".*")) for clause in SpecifierSet(text)]
        witnesses = [version for one in named for version in (one, Version(one.base_version))]
        assert any(SpecifierSet(text, prereleases=True).contains(one) for one in witnesses)


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        ("", "1.2", True),
        ("==1.2", "1.2.0", True),
        ("!=1.2", "1.2", False),
        ("==1.2.*", "1.2.9", True),
        ("==1.0.*", "1", True),
        ("!=1.2.*", "1.2.9", False),
        ("!=1.2.*", "1.3", True),
        ("~=1.4.2", "1.4.9", True),
        ("~=1.4.2", "1.4.1", False),
        ("~=1.4.2", "1.5", False),
        ("~=1.4", "1.9", True),
        ("~=1", "1.0", None),
        ("~=1.4.post1", "1.4", None),
        (">1.2", "1.3", True),
        (">1.2", "1.2.post1", False),
        (">1.0.post1", "1.1", None),
        (">1.0rc1", "1.0", None),
        (">=1.0rc1", "1.0", True),
        (">=1.0.post2", "1.0.post1", False),
        ("==1.0.post1", "1.0.post1", True),
        ("==1.0rc1", "1.0", False),
        ("<2.0dev", "1.9", True),
        ("<2.0dev", "2.0", False),
        ("<2.0a.0", "2.0", False),
        (">= 3.8, <3.14", "3.9", True),
        (">=2023.03.6", "2023.3.6", True),
        (">=1.*", "1.0", None),
        (">=1.0", "1.0rc1", None),
        ("===1.0", "1.0", None),
    ],
)
def test_usual_ranges_are_read_as_plain(text: str, version: str, expected: bool | None) -> None:
    assert plain_versions.admits(text, version) is expected


@pytest.mark.parametrize(("text", "expected"), [("1.2", True), ("1.2rc1", True), ("v1", True), ("one", False)])
def test_versions_are_told_from_other_texts(text: str, expected: bool) -> None:
    assert is_version(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"), [("<3,>=1.2", ">=1.2,<3"), (">=1,>=2, <4,<3", ">=2,<3"), ("!=2,>1", ">1,!=2"), ("", "")]
)
def test_a_range_is_told_without_what_it_implies(text: str, expected: str) -> None:
    assert tightened(text) == expected

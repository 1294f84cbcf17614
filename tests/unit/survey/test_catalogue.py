from pathlib import Path

import pytest

from server.errors import Missing, Unreadable
from server.survey import catalogue

# Domain specification 2.4: what each list claims to hold, and how many of them we know.
COUNTS = {
    "yn_13_19": (19, 19),
    "yn_special_25": (25, 24),
    "yn_chronic_3": (3, 3),
    "yn_township_2017": (None, 6),
    "nat_2017_9": (9, 9),
    "nat_2018_21": (21, 21),
    "nat_2019_25": (25, 25),
    "nat_2020_30": (30, 30),
    "sc_top20": (20, 3),
    "sc_keygroups_8": (8, 5),
    "nat_93": (93, 0),
    "jx_major_15": (15, 1),
    "jx_chronic_28": (28, 0),
    "sc_special_25_32": (32, 0),
    "hb_major_22": (22, 0),
}
MEMBER_HEADINGS = "catalogue_id,position,disease_code,as_printed\n"


def test_thirteen_types_and_nineteen_kinds_come_out_of_one_sentence() -> None:
    listed = catalogue.catalogue("yn_13_19")

    assert catalogue.types_and_kinds("yn_13_19") == (13, 19)
    kinds_below = [m.disease.parent for m in listed.members if m.disease.level == "kind"]
    assert kinds_below.count("childhood_leukaemia") == 2
    assert kinds_below.count("childhood_chd") == 6
    assert sum(m.disease.level == "type_kind" for m in listed.members) == 11


def test_the_thirteen_types_stand_in_the_order_of_the_list() -> None:
    types = [m.disease.code for m in catalogue.members("yn_13_19") if not m.disease.parent]

    assert types == [
        "childhood_leukaemia",
        "childhood_chd",
        "oesophageal_cancer",
        "gastric_cancer",
        "colon_cancer",
        "rectal_cancer",
        "esrd",
        "severe_mental_disorder",
        "mdr_tb",
        "cervical_cancer",
        "breast_cancer",
        "lung_cancer",
        "pneumoconiosis",
    ]


@pytest.mark.parametrize("catalogue_id", COUNTS)
def test_a_list_shows_how_many_of_its_printed_entries_are_known(catalogue_id: str) -> None:
    printed, known = COUNTS[catalogue_id]

    listed = catalogue.catalogue(catalogue_id)

    assert (listed.printed, listed.kinds) == (printed, known)
    assert listed.missing == (printed - known if printed else 0)


def test_no_catalogue_is_left_out_of_the_counts_above() -> None:
    assert [one.id for one in catalogue.catalogues()] == list(COUNTS)


def test_the_special_list_says_25_and_lists_24() -> None:
    special = catalogue.catalogue("yn_special_25")

    assert (special.count_printed, special.kinds, special.missing) == ("25", 24, 1)


def test_each_national_list_holds_the_one_before_it_where_the_sources_say_so() -> None:
    of_2018, of_2019, of_2020 = (
        [m.disease.code for m in catalogue.members(name)]
        for name in ("nat_2018_21", "nat_2019_25", "nat_2020_30")
    )

    assert of_2019[:21] == of_2018
    assert of_2019[21:] == ["mdr_tb", "stroke", "copd", "hiv_opportunistic"]
    assert of_2020[:25] == of_2019


def test_lists_whose_members_nobody_verified_say_so() -> None:
    unverified = {one.id for one in catalogue.catalogues() if not one.is_verified}

    assert unverified == {"nat_2017_9", "nat_2020_30"}


@pytest.mark.parametrize(
    ("code", "icd10", "ages"),
    [
        ("leukaemia_all", "C91.0", (0, 14)),
        ("leukaemia_apl", "C92.4", (0, 14)),
        ("chd_asd", "Q21.1", (0, 14)),
        ("chd_vsd", "Q21.0", (0, 14)),
        ("chd_pda", "Q25.0", (0, 14)),
        ("chd_pvs", "Q22.1", (0, 14)),
        ("chd_tof", "Q21.3", (0, 14)),
        ("chd_complex", "Q20-Q26 (two or more)", (0, 14)),
        ("oesophageal_cancer", "C15", (None, None)),
        ("gastric_cancer", "C16", (None, None)),
        ("colon_cancer", "C18", (None, None)),
        ("rectal_cancer", "C19-C20", (None, None)),
        ("esrd", "N18.5", (None, None)),
        ("mdr_tb", "A15-A16 with U84.3", (None, None)),
        ("cervical_cancer", "C53", (None, None)),
        ("breast_cancer", "C50", (None, None)),
        ("lung_cancer", "C34", (None, None)),
        ("pneumoconiosis", "J60-J65", (None, None)),
    ],
)
def test_a_kind_carries_its_icd_codes_and_ages(
    code: str, icd10: str, ages: tuple[int | None, int | None]
) -> None:
    one = catalogue.disease(code)

    assert (one.icd10, (one.age_min, one.age_max)) == (icd10, ages)


def test_cervical_cancer_is_womens_and_breast_cancer_anyones() -> None:
    assert catalogue.disease("cervical_cancer").sex == "female"
    assert catalogue.disease("breast_cancer").sex == "any"


def test_every_disease_and_clue_has_both_names() -> None:
    diseases, clues = catalogue.diseases(), catalogue.clues()

    assert (len(diseases), len(clues)) == (72, 3)
    assert all(one.label("zh") and one.label("en") for one in diseases)
    assert all(one.label("zh") and one.label("en") for one in clues)
    assert catalogue.label("chd_tof", "en") == "Tetralogy of Fallot"
    assert catalogue.label("tb_suspect", "zh") == "结核病线索"
    assert catalogue.label("no_such_code", "zh") == "no_such_code"


def test_clues_point_at_the_diseases_the_hospital_must_tell_apart() -> None:
    assert catalogue.candidates("colorectal_suspect") == ("colon_cancer", "rectal_cancer")
    assert catalogue.candidates("tb_suspect") == ("active_tb", "mdr_tb")
    assert catalogue.candidates("gastric_cancer") == ("gastric_cancer",)


def test_another_special_disease_is_one_of_the_23_without_a_question_of_their_own() -> None:
    special = {m.disease.code for m in catalogue.members("yn_special_25")}

    assert set(catalogue.candidates("special_reported")) == special - {"esrd"}


@pytest.mark.parametrize(
    ("code", "catalogue_id", "belongs"),
    [
        ("gastric_cancer", "yn_13_19", True),
        ("colorectal_suspect", "yn_13_19", True),
        ("tb_suspect", "yn_13_19", True),
        ("tb_suspect", "nat_2018_21", False),
        ("special_reported", "yn_13_19", False),
        ("special_reported", "yn_special_25", True),
        ("hypertension", "yn_13_19", False),
        ("hypertension", "yn_chronic_3", True),
        ("chd_tof", "nat_2019_25", True),
        ("childhood_chd", "nat_2017_9", True),
        ("chd_tof", "nat_2017_9", False),
        ("no_such_code", "yn_13_19", False),
    ],
)
def test_a_finding_belongs_to_a_list_by_itself_its_type_its_kinds_or_its_clue(
    code: str, catalogue_id: str, belongs: bool
) -> None:
    assert catalogue.in_catalogue(code, catalogue_id) is belongs


def test_mental_infectious_and_hiv_diseases_are_sensitive() -> None:
    sensitive = {one.code for one in catalogue.diseases() if catalogue.is_sensitive(one.code)}

    assert sensitive == {
        "severe_mental_disorder",
        "mdr_tb",
        "active_tb",
        "echinococcosis",
        "schisto_advanced",
        "leprosy",
        "hepatitis_viral",
        "hiv_opportunistic",
        "hiv_aids",
    }
    assert catalogue.is_sensitive("tb_suspect")
    assert not catalogue.is_sensitive("colorectal_suspect")


def test_three_chronic_diseases_are_followed_up() -> None:
    assert catalogue.chronic_codes() == ("hypertension", "diabetes", "severe_mental_disorder")


def test_unknown_codes_and_lists_are_named() -> None:
    with pytest.raises(Missing, match="no_such_code"):
        catalogue.disease("no_such_code")
    with pytest.raises(Missing, match="no_such_list"):
        catalogue.in_catalogue("esrd", "no_such_list")


def test_a_site_adds_the_missing_25th_disease_from_an_excel_csv(tmp_path: Path) -> None:
    row = "yn_special_25,25,copd,慢性阻塞性肺疾病\n"
    (tmp_path / "catalogue_members.csv").write_bytes((MEMBER_HEADINGS + row).encode("gb18030"))

    special = catalogue.catalogue("yn_special_25", tmp_path)

    assert (special.kinds, special.missing) == (25, 0)
    assert special.members[-1].as_printed == "慢性阻塞性肺疾病"
    assert catalogue.in_catalogue("copd", "yn_special_25", tmp_path)
    assert not catalogue.in_catalogue("copd", "yn_special_25")


def test_a_site_brings_a_list_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "catalogues.csv").write_text(
        "catalogue_id,title_zh,title_en,jurisdiction,year,count_printed,is_verified,source,note\n"
        "county_2,本县2种,County 2,county,2026,2,yes,office,\n"
    )
    (tmp_path / "catalogue_members.csv").write_text(
        MEMBER_HEADINGS + "county_2,2,copd,\ncounty_2,1,stroke,\n"
    )

    assert [m.disease.code for m in catalogue.members("county_2", tmp_path)] == ["stroke", "copd"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("yn_special_25,25,no_such_disease,\n", "row 2: no_such_disease is not known"),
        ("yn_special_25,25,esrd,\n", "row 2: yn_special_25 esrd is listed already"),
        ("yn_special_25,last,copd,\n", "row 2 cannot be read"),
        ("no_such_list,1,copd,\n", "names the catalogue no_such_list"),
    ],
)
def test_a_fault_in_a_sites_own_list_names_file_and_row(
    tmp_path: Path, row: str, said: str
) -> None:
    (tmp_path / "catalogue_members.csv").write_text(MEMBER_HEADINGS + row)

    with pytest.raises(Unreadable, match=said):
        catalogue.catalogues(tmp_path)

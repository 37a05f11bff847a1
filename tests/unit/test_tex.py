"""TeX is shown as Unicode, and nothing that the authors wrote is lost."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.answers.extractive import unbracketed
from refdesk.render.tex import readable

SHOWN = [
    (r"$\alpha$-divergence", "α-divergence"),
    (r"$10^{-3}$ and $10^5$", "10⁻³ and 10⁵"),
    (r"\textbf{x} and \emph{\underline{y}}", "x and y"),
    (r"$\mathcal{O}(n^2)$ in $\mathbb{R}^{n}$", "𝒪(n²) in ℝⁿ"),
    (r"Moir\'e, L\'{e}on", "Moiré, Léon"),
    (r"Fig.~3 of Smith~et al", "Fig. 3 of Smith et al"),
    (r"a 10\% gain in R\&D", "a 10% gain in R&D"),
    (r"\url{https://a.example/~u/c\_d}", "https://a.example/~u/c_d"),
    (r"\href{https://a.example/c}{GitHub}", "GitHub (https://a.example/c)"),
    (r"{\it slanted words} and {\bf bold ones}", "slanted words and bold ones"),
    (r"{\color{red}https://x.example/Z}", "https://x.example/Z"),
    (r"2.68$\times$ faster, a $\times$4 gain", "2.68× faster, a ×4 gain"),
    (r"$k$NN, Pass$@k$, CO$_2$, SD$^\mathrm{2}$M", "kNN, Pass@k, CO₂, SD²M"),
    (r"$\frac{a+b}{c}$ and $\sqrt{d_k}$", "(a+b)/c and √dₖ"),
    (r"$\mathcal{L}_{\text{total}}$, $x_{i,j}$, $T^*$", "ℒ_total, x_(i,j), T*"),
    (r"\(X\)-evolve", "X-evolve"),
    ("``quoted''", "“quoted”"),
    (r"360{\deg} images, 6.2\,px", "360° images, 6.2 px"),
    (r"\textbf{Q&A on 50% of x_i}", "Q&A on 50% of x_i"),
]
KEPT = [
    "It costs $5 and $10, or $5–$10, in US$/A$.",
    "between $HOME and $PATH",
    r"from $5 while the model costs $10",
    r"\ours beats \textbf{\ours} on {\dataset}",
    r"$\alpha is not closed",
    r"\textbf{is not closed",
    r"\input{/etc/passwd} \include{secret} \today",
    r"as in \cite{smith2020} and \ref{tab}",
    r"$\foo{x} + y$",
    r'$\char"1B$ \symbol{27}',
    r"C:\Users\new \n\t \u00e9",
    "about ~5 ms, 10~20 of them, at https://a.example/~user",
    '{"a": 1} and {BERT} and `code`',
]


@pytest.mark.parametrize(("tex", "text"), SHOWN)
def test_tex_of_real_abstracts_is_shown_as_unicode(tex: str, text: str) -> None:
    assert readable(tex) == text


@pytest.mark.parametrize("text", KEPT)
def test_prices_unknown_commands_and_unbalanced_tex_stay_as_they_are(text: str) -> None:
    assert readable(text) == text


def test_prices_beside_a_command_stay() -> None:
    assert readable(r"costs $5 while \textbf{GPT} costs $10") == "costs $5 while GPT costs $10"


@pytest.mark.parametrize(
    "hostile",
    [
        "\\" * 100_000,
        "\\" * 5_000,
        "{" * 5_000,
        "$" * 5_000,
        r"\a{" * 1_600,
        r"\textbf{" * 500 + "x" + "}" * 500,
        r"{\it " * 1_000,
        "$x_" * 1_600,
        "$" + "^{" * 200 + "}" * 200 + "$",
        r"\[ " * 1_600,
        r"\frac{" * 800,
        r"\textbf{x}" * 500,
        "$" + r"\sqrt{" * 60 + "}" * 60 + "$",
    ],
    ids=lambda text: text[:8],
)
def test_hostile_tex_takes_less_than_a_second(hostile: str) -> None:
    readable(r"$\alpha$")  # imports pylatexenc
    began = time.process_time()
    readable(hostile)
    assert time.process_time() - began < 1


def test_no_control_or_direction_character_is_made_of_tex() -> None:
    assert readable("\\textbf{a\x1b[31m\u202eb}") == "a [31m b"


def test_a_number_in_brackets_that_tex_makes_is_no_source() -> None:
    assert unbracketed(readable(r"as $[12]$ shows")) == "as ［12］ shows"


_PIECES = st.sampled_from(
    [*"\\{}$^_~%&#[]()`' aZ5.<>\n", r"\textbf{", r"\frac{", r"\alpha", r"\begin{x}", "``", "''", "é"]
)


@settings(deadline=None, max_examples=400)
@given(st.one_of(st.text(max_size=300), st.lists(_PIECES, max_size=60).map("".join)))
def test_any_text_is_shown_and_brings_no_new_control_character(text: str) -> None:
    shown = readable(text)
    assert {char for char in shown if not char.isprintable()} <= set(text)


@given(st.text(st.characters(exclude_characters="\\$~`"), max_size=300))
def test_a_text_without_tex_is_the_same_object(text: str) -> None:
    assert readable(text) is text

"""The cursor of the next page, read from `Link` headers."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.braze.payloads import MAX_CURSOR, next_cursor

DOCUMENTED = (
    '</cdi/integrations/ID/job_sync_status?cursor=c2tpcDow>; rel="prev",'
    '</cdi/integrationsID/job_sync_status?cursor=c2tpcDoxMDA=>; rel="next"'
)


def test_the_documented_header_is_read_though_its_next_lacks_a_slash() -> None:
    """The cursor is taken out with its equals sign."""
    assert next_cursor(DOCUMENTED) == "c2tpcDoxMDA="


@pytest.mark.parametrize(
    ("link", "cursor"),
    [
        ("", None),
        ('</a?cursor=x>; rel="prev"', None),
        ('</a?cursor=x>; rel="next"', "x"),
        ('</a?cursor=x>; rel="next", </a?cursor=y>; rel="prev"', "x"),
        ("</a?cursor=x>;REL=Next", "x"),
        ("</a?CURSOR=x>; Rel='NEXT'", "x"),
        ('</a?cursor=x>; title="the end"; rel="next last"', "x"),
        ('</a?cursor=x>; rel="nextish"', None),
        ('</a?cursor=x>; myrel="next"', None),
        ('</a?page=2&cursor=x&per=10#part>; rel="next"', "x"),
        ('</a?cursor=c2tpcDo%3D>; rel="next"', "c2tpcDo="),
        ('</a?cursor=c2tp%2BcDo=>; rel="next"', "c2tp+cDo="),
        ('</a?cursor=c2tp+cDo==>; rel="next"', "c2tp+cDo=="),
        ('</a?cursor=>; rel="next"', None),
        ('</a>; rel="next"', None),
        ('<>; rel="next"', None),
        ('</a?cursor=x; rel="next"', None),
        ('<http://evil.example/?cursor=x>; rel="next"', "x"),
        (f'</a?cursor={"x" * (MAX_CURSOR + 1)}>; rel="next"', None),
    ],
)
def test_links_in_any_order_and_letter_case_are_read(link: str, cursor: str | None) -> None:
    """Only the cursor of the next link counts."""
    assert next_cursor(link) == cursor


@given(st.text())
def test_no_header_raises(link: str) -> None:
    """Whatever stands in the header, a cursor or nothing comes out."""
    cursor = next_cursor(link)
    assert cursor is None or 0 < len(cursor) <= MAX_CURSOR


@given(st.text(min_size=1, max_size=60).filter(lambda text: text.isprintable()), st.booleans())
def test_any_cursor_that_is_escaped_comes_out_whole(cursor: str, next_first: bool) -> None:
    """Escaping and reading are inverse, in whichever order the links stand."""
    links = [f'</a?cursor={quote(cursor, safe="")}>; rel="next"', '</a?cursor=before>; rel="prev"']
    assert next_cursor(",".join(links if next_first else links[::-1])) == cursor

"""Pages that need a browser, as frameworks and cookie banners leave them, and pages that only look so."""

import pytest

from deepresearch.errors import FetchFailed
from deepresearch.library.pages import page_passages
from deepresearch.web.fetched import Fetched

HEAD = "<html lang=en><head><title>Velmark</title><meta charset=utf-8><script src=/assets/a1.js defer></script></head>"
BANNER = (
    "<div class=cc-banner role=dialog><p>We value your privacy. We use cookies to enhance your browsing experience, "
    "serve personalised content, and analyse our traffic. By clicking “Accept all” you consent to our use of "
    "cookies.</p><a href=/privacy>Privacy policy</a><button>Accept all</button><button>Reject</button></div>"
)
SHELLS = {
    "create-react-app": HEAD + "<body><noscript>You need to enable JavaScript to run this app.</noscript>"
    '<div id="root"></div></body></html>',
    "vue cli": HEAD + "<body><noscript><strong>We're sorry but velmark doesn't work properly without JavaScript "
    "enabled. Please enable it to continue.</strong></noscript><div id=app></div><!-- built files --></body>",
    "vite": HEAD + '<body><div id="app"><!--app-html--></div><script type=module src=/main.js></script></body>',
    "angular": HEAD + "<body><app-root>Loading...</app-root><script src=/runtime.js></script></body>",
    "next": HEAD + '<body><div id="__next"></div><script id=__NEXT_DATA__ type=application/json>{"props":{"text":"The '
    'minimum wage in Velmark is 26 crowns an hour since May 2024, and it is set every spring."}}</script></body>',
    "nuxt": HEAD + '<body><div id="__nuxt"><div class="spinner"></div></div><script>window.__NUXT__={}</script></body>',
    "gatsby": HEAD + "<body><noscript>This app works best with JavaScript enabled.</noscript>"
    '<div id="___gatsby"></div></body>',
    "ember": HEAD + "<body><script src=/vendor.js></script><script src=/app.js></script></body>",
    "notice outside noscript": HEAD + "<body><p>Please enable JavaScript to view this site. Your browser does not "
    "support JavaScript or it has been switched off.</p></body>",
    "challenge": HEAD + "<body><h1>Just a moment...</h1><p>Verify you are human by completing the action below. "
    "Enable JavaScript and cookies to continue.</p></body>",
    "cookie banner only": HEAD + f"<body>{BANNER}<div id=root></div></body>",
    "cookie banner, other names": HEAD + f"<body>{BANNER}<div class=page-shell></div></body>",
    "menu and footer around nothing": HEAD + "<body><header><p>Velmark, the town by the sea</p></header>"
    "<div id=root></div><footer><p>© 2024 Town of Velmark. All rights reserved. Contact us at the town hall.</p>"
    "</footer></body>",
    "chinese": HEAD + "<body><div id=app></div><p>正在加载，请稍候。请启用脚本后继续浏览。</p></body>",
}
PAGES = {
    "short, without scripts": "<html><body><p>Closed on Mondays.</p></body></html>",
    "short, with a script": HEAD + "<body><p>The museum of Velmark is closed on Mondays, and on the first Sunday of "
    "the year it opens at noon.</p></body>",
    "an article beside a banner": HEAD + f"<body>{BANNER}<article><h1>Wages</h1><p>The minimum wage in Velmark is 26 "
    "crowns an hour since May 2024, and it is set every spring by the council.</p></article></body>",
    "an article on cookies": HEAD
    + "<body><article><h1>Cookies</h1>"
    + "<p>A cookie is a small text that a server asks a browser to keep and to send back with every request.</p>" * 8
    + "</article></body>",
    "rendered by the server": HEAD
    + "<body><div id=__next><main><h1>Wages</h1><p>"
    + "The minimum wage in Velmark is set every spring by the council of the town. " * 5
    + "</p></main></div></body>",
    "chinese": HEAD
    + "<body><p>"
    + "武汉长江大桥于1957年建成通车，全长1670米，上层是公路，下层是铁路。" * 2
    + "</p></body>",
}


def fetched(html: str) -> Fetched:
    return Fetched(
        "https://a.example/p", "https://a.example/p", 200, {"content-type": "text/html"}, html.encode(), 0, False
    )


@pytest.mark.parametrize("name", SHELLS)
def test_a_page_made_by_scripts_is_marked(name: str) -> None:
    with pytest.raises(FetchFailed) as caught:
        page_passages(fetched(SHELLS[name]))
    assert caught.value.outcome == "needs_browser" and "browser" in caught.value.hint


@pytest.mark.parametrize("name", PAGES)
def test_a_page_with_text_is_a_page(name: str) -> None:
    assert page_passages(fetched(PAGES[name]))


def test_nothing_and_no_scripts_is_empty() -> None:
    with pytest.raises(FetchFailed) as caught:
        page_passages(fetched("<html><head><title>T</title></head><body><div id=root></div></body></html>"))
    assert caught.value.outcome == "empty"

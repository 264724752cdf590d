"""The colours that plots are drawn in.

On a page each becomes the variable `--plot-<name>` of `templates/style.css`: a colour is changed
there, and no stage has to draw again.
"""

PALETTE = {
    "ink": "#1c2733",
    "soft": "#7b8794",
    "line": "#dde3ea",
    "blue": "#1f5f8b",
    "orange": "#d9822b",
    "grey": "#a9b4bf",
}
INK, SOFT, LINE = PALETTE["ink"], PALETTE["soft"], PALETTE["line"]
BLUE, ORANGE, GREY = PALETTE["blue"], PALETTE["orange"], PALETTE["grey"]

/*
 * chart_arms: how arms look: colour, shape and dashes, so that they can be told apart in grey and by anyone. See
 * chart_arms.h.
 */
#include "reports/chart_arms.h"

#include <stdio.h>

#include "reports/escape.h"

static const struct {
	const char *color, *dashes;
} looks[ARM_LOOKS] = {{"#1769b8", ""}, {"#c2571a", "7 3"}, {"#8e3b8e", "2 2.5"}, {"#12876f", "10 3 2 3"},
        {"#6b5a45", "4 4"}, {"#7a8699", "1 3"}};

const char *arm_color(int look)
{
	return looks[look % ARM_LOOKS].color;
}

const char *arm_dashes(int look)
{
	return looks[look % ARM_LOOKS].dashes;
}

static void shape(struct buf *out, double x, double y, double r, int look)
{
	switch (look % ARM_LOOKS) {
	case 1:
		buf_printf(out, "M%.1f %.1fh%.1fv%.1fh%.1fZ", x - r, y - r, 2 * r, 2 * r, -2 * r);
		break;
	case 2:
		buf_printf(out, "M%.1f %.1fL%.1f %.1fH%.1fZ", x, y - 1.2 * r, x + 1.15 * r, y + 0.9 * r, x - 1.15 * r);
		break;
	case 3:
		buf_printf(out, "M%.1f %.1fl%.1f %.1fl%.1f %.1fl%.1f %.1fZ", x, y - 1.3 * r, 1.3 * r, 1.3 * r, -1.3 * r,
		        1.3 * r, -1.3 * r, -1.3 * r);
		break;
	case 4:
		buf_printf(out, "M%.1f %.1fL%.1f %.1fH%.1fZ", x, y + 1.2 * r, x - 1.15 * r, y - 0.9 * r, x + 1.15 * r);
		break;
	case 5:
		buf_printf(out, "M%.1f %.1fh%.1fv%.1fh%.1fZ", x - 0.55 * r, y - 1.3 * r, 1.1 * r, 2.6 * r, -1.1 * r);
		break;
	default:
		buf_printf(out, "M%.1f %.1fa%.1f %.1f 0 1 0 %.1f 0a%.1f %.1f 0 1 0 %.1f 0Z", x - r, y, r, r, 2 * r, r,
		        r, -2 * r);
	}
}

void arm_mark(struct buf *out, double x, double y, double radius, int look, const char *extra)
{
	buf_printf(out, "<path class=\"a%d am\" fill=\"%s\"%s%s stroke=\"none\" d=\"", look % ARM_LOOKS + 1,
	        arm_color(look), extra[0] ? " " : "", extra);
	shape(out, x, y, radius, look);
	buf_puts(out, "\"/>");
}

void arm_legend(struct buf *out, const char *const *names, size_t count)
{
	buf_puts(out, "<p class=\"legend\" aria-hidden=\"true\">");
	for (size_t i = 0; i < count; i++) {
		int look = (int)i;

		buf_printf(out,
		        "<span><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"34\" height=\"12\" viewBox=\"0 0 34 "
		        "12\"><path class=\"a%d as\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\"",
		        look % ARM_LOOKS + 1, arm_color(look));
		if (arm_dashes(look)[0])
			buf_printf(out, " stroke-dasharray=\"%s\"", arm_dashes(look));
		buf_puts(out, " d=\"M1 6H33\"/>");
		arm_mark(out, 17, 6, 3.5, look, "");
		buf_puts(out, "</svg> ");
		escape_html(names[i], out);
		buf_puts(out, "</span>");
	}
	buf_puts(out, "</p>\n");
}

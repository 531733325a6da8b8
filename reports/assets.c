/*
 * assets: see assets.h. The build turns each file of reports/assets into a list of byte values.
 */
#include "reports/assets.h"

#include "reports/escape.h"
#include "shared/digest.h"

static const unsigned char style[] = {
#include "reports/assets/report.css.inc"
};

static const unsigned char script[] = {
#include "reports/assets/report.js.inc"
};

static void put_hash(const unsigned char *bytes, size_t len, struct buf *out)
{
	unsigned char sum[32];

	digest_sha256(bytes, len, sum);
	buf_puts(out, "sha256-");
	escape_base64(sum, sizeof sum, out);
}

void assets_style(struct buf *out)
{
	buf_append(out, style, sizeof style);
}

void assets_script(struct buf *out)
{
	buf_append(out, script, sizeof script);
}

void assets_style_hash(struct buf *out)
{
	put_hash(style, sizeof style, out);
}

void assets_script_hash(struct buf *out)
{
	put_hash(script, sizeof script, out);
}

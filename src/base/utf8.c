#include "base/utf8.h"

struct lead {
	uint8_t len;
	uint8_t second_min, second_max; /* narrower than 80..BF where overlong or a surrogate */
	uint8_t bits; /* of the lead that belong to the character */
};

/* Table 3-7 of the Unicode Standard: well-formed UTF-8 byte sequences. */
static struct lead lead_of(uint8_t byte)
{
	if (byte >= 0xc2 && byte <= 0xdf)
		return (struct lead){2, 0x80, 0xbf, 0x1f};
	if (byte >= 0xe0 && byte <= 0xef)
		return (struct lead){3, byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf,
				     0x0f};
	if (byte >= 0xf0 && byte <= 0xf4)
		return (struct lead){4, byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf,
				     0x07};
	return (struct lead){0};
}

size_t utf8_decode(const char *bytes, size_t len, uint32_t *ret_char)
{
	const uint8_t *in = (const uint8_t *)bytes;
	struct lead lead;
	uint32_t c;

	if (!len)
		return 0;
	if (in[0] < 0x80) {
		*ret_char = in[0];
		return 1;
	}
	lead = lead_of(in[0]);
	if (!lead.len || lead.len > len || in[1] < lead.second_min || in[1] > lead.second_max)
		return 0;
	c = (uint32_t)(in[0] & lead.bits) << 6 | (in[1] & 0x3f);
	for (size_t i = 2; i < lead.len; i++) {
		if ((in[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (in[i] & 0x3f);
	}
	*ret_char = c;
	return lead.len;
}

bool utf8_valid(const char *bytes, size_t len)
{
	uint32_t c;

	while (len) {
		size_t step = utf8_decode(bytes, len, &c);

		if (!step)
			return false;
		bytes += step;
		len -= step;
	}
	return true;
}

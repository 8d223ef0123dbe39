#include "model/fact_copy.h"

#include <string.h>

/* The layout names every text of a type but the comm, which all types have. */
static const struct fact_text *text_at(const struct fact *fact, const struct fact_field *field)
{
	if (field->form != FIELD_TEXT && field->form != FIELD_LIST)
		return NULL;
	return (const struct fact_text *)((const char *)fact + field->offset);
}

static size_t text_bytes(const struct fact_text *text)
{
	return text && fact_text_known(*text) ? text->len : 0;
}

size_t fact_texts_bytes(const struct fact *fact)
{
	const struct fact_layout *layout = &fact_layouts[fact->type];
	size_t bytes = text_bytes(&fact->comm);

	for (size_t i = 0; i < layout->fields_cnt; i++)
		bytes += text_bytes(text_at(fact, &layout->fields[i]));
	return bytes;
}

/* Where the next text goes. */
static char *move(struct fact_text *text, char *to)
{
	size_t bytes = text_bytes(text);

	if (bytes)
		memcpy(to, text->bytes, bytes);
	if (text && fact_text_known(*text))
		text->bytes = to;
	return to + bytes;
}

void fact_copy(const struct fact *fact, struct fact *ret_copy, char *texts)
{
	const struct fact_layout *layout = &fact_layouts[fact->type];

	*ret_copy = *fact;
	texts = move(&ret_copy->comm, texts);
	for (size_t i = 0; i < layout->fields_cnt; i++)
		texts = move((struct fact_text *)text_at(ret_copy, &layout->fields[i]), texts);
}

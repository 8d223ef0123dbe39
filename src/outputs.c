#include "outputs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "record/output.h"

/* https://no-color.org: any value but the empty one. */
static bool wants_color(const struct options *options, int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (options->color != COLOR_AUTO)
		return options->color == COLOR_ALWAYS;
	if (!term || strcmp(term, "dumb") == 0)
		return false;
	return fd >= 0 && isatty(fd) && !(no_color && *no_color);
}

int outputs_open(struct outputs *ret_outputs, const struct options *options, char *ret_error,
		 size_t size)
{
	int plain = options->command ? STDERR_FILENO : STDOUT_FILENO;
	struct outputs outputs = {.json_fd = -1, .text_fd = -1};
	int error = 0;

	if (options->output && strcmp(options->output, "-") != 0)
		error = output_open(options->output, &outputs.json_fd, ret_error, size);
	else if (options->output)
		outputs.json_fd = STDOUT_FILENO;
	else if (options->json)
		outputs.json_fd = plain;
	else
		outputs.text_fd = plain;
	if (error)
		return error;
	outputs.color = wants_color(options, outputs.text_fd);
	*ret_outputs = outputs;
	return 0;
}

unsigned outputs_width(const struct outputs *outputs)
{
	struct winsize window;

	if (outputs->text_fd < 0 || !isatty(outputs->text_fd) ||
	    ioctl(outputs->text_fd, TIOCGWINSZ, &window) < 0)
		return 0;
	return window.ws_col;
}

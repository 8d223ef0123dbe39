#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/doctor.h"
#include "options.h"
#include "session.h"

static int print_help(void)
{
	struct winsize window = {0};
	char *text;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) < 0)
		window.ws_col = 0;
	text = options_help(window.ws_col);
	if (!text)
		return EXIT_RUNTIME;
	fputs(text, stdout);
	free(text);
	return fflush(stdout) ? EXIT_RUNTIME : EXIT_OK;
}

int main(int argc, char **argv)
{
	struct options options;
	enum action action;
	char error[256];

	setlocale(LC_CTYPE, ""); /* for one question: is the terminal in UTF-8? */
	if (options_parse(argc, argv, &options, &action, error, sizeof(error))) {
		fprintf(stderr, "proctrace: %s\n", error);
		return EXIT_USAGE;
	}
	switch (action) {
	case ACTION_HELP:
		return print_help();
	case ACTION_VERSION:
		return puts("proctrace " PROCTRACE_VERSION) < 0 || fflush(stdout) ? EXIT_RUNTIME
										  : EXIT_OK;
	case ACTION_DOCTOR:
		return doctor_run(&options);
	case ACTION_TRACE:
		break;
	}
	options.argv = argv + 1;
	return session_run(&options);
}

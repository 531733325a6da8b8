/*
 * session_load_shell: \shell and \setshell: the command with its values, what its program came to, and its deadline.
 * The session waits for the program as it waits for the server, so that the other sessions of its lane go on. See
 * session_load.h and shell.h.
 */
#include "worker/session_load.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "shared/clock.h"

#define COMMAND_BYTES_MOST 254 /* pgbench's */

/* The words with a blank between them. ":x" is the value of x, "::x" the text ":x". */
static bool spell_command(struct session *s, const struct script_command *command, char text[COMMAND_BYTES_MOST + 1])
{
	struct looping *l = s->load;
	size_t at = 0, len;

	for (int i = 0; i < command->nwords; i++) {
		const char *word = command->words[i];

		if (command->word_variables[i] >= 0) {
			word = script_vars_text(&l->vars, command->word_variables[i], &len);
			if (!word) {
				load_script_error(s, "%.200s: undefined variable \"%.200s\"", command->words[0],
				        command->words[i]);
				return false;
			}
		} else if (word[0] == ':') {
			word++;
		}
		len = strlen(word);
		if (at + (i > 0) + len > COMMAND_BYTES_MOST) {
			load_script_error(s, "%.200s: shell command is too long", command->words[0]);
			return false;
		}
		if (i > 0)
			text[at++] = ' ';
		memcpy(text + at, word, len);
		at += len;
	}
	text[at] = '\0';
	return true;
}

void load_run_shell(struct session *s, const struct script_command *command, int64_t now)
{
	struct looping *l = s->load;
	char text[COMMAND_BYTES_MOST + 1];
	struct err err;

	if (!spell_command(s, command, text))
		return;
	if (!shell_start(&l->shell, text, command->kind == COMMAND_SETSHELL, l->environment, &err)) {
		load_script_error(s, "%.200s: could not launch shell command: %s", command->words[0], err.text);
		return;
	}
	l->command_ns = now;
	l->due = DUE_PROGRAM;
	l->shell_late = false;
	s->wait.fd_changed = true; /* the number may be one that was waited for before */
}

/* One integer, blanks around it; nothing of a line counts as 0, as with pgbench, but no line at all is an error. */
static void set_result(struct session *s, const struct script_command *command)
{
	struct looping *l = s->load;
	const struct shell *shell = &l->shell;
	long long value;
	char *end;

	if (shell->silent) {
		load_script_error(s, "%.200s: could not read result of shell command", command->words[0]);
		return;
	}
	errno = 0;
	value = strtoll(shell->output, &end, 10);
	while (isspace((unsigned char)*end))
		end++;
	if (*end != '\0' || errno != 0 || shell->cut)
		load_script_error(s, "%.200s: shell command must return an integer (not \"%s\")", command->words[0],
		        shell->output);
	else
		script_vars_set_int(&l->vars, command->variable, value);
}

static void heed_status(struct session *s, const struct script_command *command)
{
	int status = s->load->shell.status;
	bool signalled = WIFSIGNALED(status);

	if (status != 0)
		load_script_error(s, "%.200s: could not launch shell command (%s %d)", command->words[0],
		        signalled ? "signal" : "exit", signalled ? WTERMSIG(status) : WEXITSTATUS(status));
}

bool load_shell(struct session *s, int64_t now)
{
	struct looping *l = s->load;
	const struct script_command *command = &l->scripts->scripts[l->script].commands[l->at];

	if (!shell_ended(&l->shell))
		return false;
	l->due = DUE_NOTHING;
	if (l->shell_late)
		load_script_error(s, "%.200s: shell command did not end within %.3f s (--timeout)", command->words[0],
		        (double)s->run.timeout_ns / (double)NS_PER_S);
	else if (command->kind == COMMAND_SETSHELL)
		set_result(s, command);
	else
		heed_status(s, command);
	if (!l->failed)
		load_command_over(s, now);
	return true;
}

/* At the transaction's deadline the program is ended, and that is the script's error. */
void load_shell_deadline(struct session *s, int64_t now)
{
	struct looping *l = s->load;
	struct running *run = &s->run;

	if (l->shell_late) {
		if (now >= run->drop_at)
			load_lost(s, now);
		return;
	}
	if (now < run->cancel_at && now < run->drop_at)
		return;
	l->shell_late = true;
	shell_stop(&l->shell);
	run->cancel_at = CLOCK_NEVER;
	run->drop_at = now + CANCEL_PATIENCE;
	atomic_store_explicit(&s->slot->deadline_ns, run->drop_at, memory_order_relaxed);
}

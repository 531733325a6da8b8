/*
 * store_notes: see the header. All these rows are alike to the queue: numbers and texts for one statement.
 */
#include "reports/store_notes.h"

#include "reports/store_private.h"
#include "shared/buf.h"

/* After the run's number, a letter for each column: i number, n number or NULL, a name, t text, m more text or NULL. */
struct note_kind {
	const char *type; /* in a spill file */
	const char *columns;
	const char *names[8];
	enum store_statement statement;
};

static const struct note_kind kinds[] = {
        [NOTE_COUNTER] = {"server_counter", "ann", {"name", "before", "after"}, STORE_COUNTER},
        [NOTE_CLIENT_CPU] = {"client_cpu", "iiin", {"worker", "generation", "cpu_us", "wait_us"}, STORE_CLIENT_CPU},
        [NOTE_CLIENT_SAMPLE] = {"client_sample", "iiiinii",
                {"sample", "at_us", "length_us", "cpu_us", "wait_us", "busiest_worker", "busiest_us"},
                STORE_CLIENT_SAMPLE},
        [NOTE_NO_DOUBTS] = {"no_doubts", "", {NULL}, STORE_NO_DOUBTS},
        [NOTE_DOUBT] = {"doubt", "iat", {"doubt", "name", "text"}, STORE_DOUBT},
        [NOTE_NO_SUSPECTS] = {"no_suspects", "", {NULL}, STORE_NO_SUSPECTS},
        [NOTE_SUSPECT] = {"suspect", "iaitm", {"rank", "cause", "share_us", "evidence", "confirmed"}, STORE_SUSPECT},
};

static struct op *note(struct store *store, int64_t run, enum note which, const char *name, const char *text)
{
	struct op *op = queue_add(&store->queue, OP_NOTE, run);

	op->note.which = which;
	op->name = name ? mem_strdup(name) : NULL;
	op->text = text ? mem_strdup(text) : NULL;
	return op;
}

bool store_counter(struct store *store, int64_t run, const char *name, int64_t before, int64_t after, struct err *err)
{
	struct op *op = note(store, run, NOTE_COUNTER, name, NULL);

	op->note.numbers[0] = before;
	op->note.numbers[1] = after;
	return store_alive(store, err);
}

bool store_client_cpu(struct store *store, int64_t run, const struct client_cpu_row *row, struct err *err)
{
	struct op *op = note(store, run, NOTE_CLIENT_CPU, NULL, NULL);
	const int64_t numbers[] = {row->worker, row->generation, row->cpu_us, row->wait_us};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		op->note.numbers[i] = numbers[i];
	return store_alive(store, err);
}

bool store_client_sample(struct store *store, int64_t run, const struct client_sample *sample, struct err *err)
{
	struct op *op = note(store, run, NOTE_CLIENT_SAMPLE, NULL, NULL);
	const int64_t numbers[] = {(int64_t)++store->run.nclient_samples, sample->at_us, sample->length_us,
	        sample->cpu_us, sample->wait_us, sample->busiest, sample->busiest_us};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		op->note.numbers[i] = numbers[i];
	return store_alive(store, err);
}

bool store_doubts(struct store *store, int64_t run, const struct doubt_note *doubts, size_t n, struct err *err)
{
	note(store, run, NOTE_NO_DOUBTS, NULL, NULL);
	for (size_t i = 0; i < n; i++)
		note(store, run, NOTE_DOUBT, doubts[i].name, doubts[i].text)->note.numbers[0] = (int64_t)i + 1;
	return store_alive(store, err);
}

bool store_suspects(struct store *store, int64_t run, const struct suspect_note *suspects, size_t n, struct err *err)
{
	note(store, run, NOTE_NO_SUSPECTS, NULL, NULL);
	for (size_t i = 0; i < n; i++) {
		const struct suspect_note *s = &suspects[i];
		struct op *op = note(store, run, NOTE_SUSPECT, s->cause, s->evidence);

		op->note.numbers[0] = (int64_t)i + 1;
		op->note.numbers[1] = s->share_us;
		op->note.more = s->confirmed ? mem_strdup(s->confirmed) : NULL;
	}
	return store_alive(store, err);
}

bool store_apply_note(struct store *store, const struct op *op, struct err *err)
{
	const struct note_kind *kind = &kinds[op->note.which];
	sqlite3_stmt *s = store_statement(store, kind->statement, err);
	const int64_t *number = op->note.numbers;
	int column = 2;

	if (!s)
		return false;
	store_bind(s, "i", op->run);
	for (const char *c = kind->columns; *c; c++, column++) {
		const char *text = *c == 'a' ? op->name : *c == 't' ? op->text : op->note.more;

		if (*c == 'i' || *c == 'n')
			sqlite3_bind_int64(s, column, *number);
		else if (text)
			sqlite3_bind_text(s, column, text, -1, SQLITE_TRANSIENT);
		if ((*c == 'n' && *number == INT64_MIN) || (*c != 'i' && *c != 'n' && !text))
			sqlite3_bind_null(s, column);
		number += *c == 'i' || *c == 'n';
	}
	return store_run_statement(store->db, store->path, s, err);
}

void store_spill_note(struct buf *b, const struct op *op)
{
	const struct note_kind *kind = &kinds[op->note.which];
	const int64_t *number = op->note.numbers;

	buf_printf(b, "{\"type\":\"%s\"", kind->type);
	for (size_t i = 0; kind->columns[i]; i++) {
		char c = kind->columns[i];

		if (c == 'i' || c == 'n')
			spill_int(b, kind->names[i], *number++);
		else
			spill_text(b, kind->names[i], c == 'a' ? op->name : c == 't' ? op->text : op->note.more);
	}
	buf_puts(b, "}\n");
}

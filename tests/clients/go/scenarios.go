package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Takes minutes on either engine.
const long = "SELECT count(*) FROM cpc a, inventor b WHERE a.cpc_code < b.name"

const many = "SELECT patent_id, cpc_code FROM cpc ORDER BY patent_id, cpc_code, sequence LIMIT 1000"

var scenarios = []scenario{
	{"batch", batch},
	{"batch with an error", batchWithError},
	{"batch in a transaction", batchInTransaction},
	{"pipeline", pipeline},
	{"cancel by context", cancelByContext},
	{"cancel request", cancelRequest},
	{"copy as text", func(ctx context.Context, conn *pgx.Conn) any {
		return copyTo(ctx, conn, "COPY (SELECT * FROM clients.kinds ORDER BY id) TO STDOUT")
	}},
	{"copy as csv", func(ctx context.Context, conn *pgx.Conn) any {
		return copyTo(ctx, conn, "COPY (SELECT * FROM clients.kinds ORDER BY id) TO STDOUT (FORMAT csv, HEADER)")
	}},
	{"copy as binary", func(ctx context.Context, conn *pgx.Conn) any {
		return copyTo(ctx, conn, "COPY (SELECT * FROM clients.kinds ORDER BY id) TO STDOUT (FORMAT binary)")
	}},
	{"copy from", copyFrom},
	{"result formats", resultFormats},
	{"prepare and deallocate", prepareAndDeallocate},
	{"failed transaction", failedTransaction},
	{"nested transaction", nestedTransaction},
	{"read only transaction", readOnlyTransaction},
	{"ping", func(ctx context.Context, conn *pgx.Conn) any { return fmt.Sprint(conn.Ping(ctx)) }},
}

func batch(ctx context.Context, conn *pgx.Conn) any {
	return send(ctx, conn)
}

func batchWithError(ctx context.Context, conn *pgx.Conn) any {
	return []any{send(ctx, conn, "SELECT 1 / (id - 1) FROM clients.kinds ORDER BY id", "SELECT 2"), alive(ctx, conn)}
}

func batchInTransaction(ctx context.Context, conn *pgx.Conn) any {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return failure(err)
	}
	return []any{send(ctx, conn), fmt.Sprint(tx.Commit(ctx)), alive(ctx, conn)}
}

// send queues one statement five times with other values, one of the catalogue between two of data, and `more`.
func send(ctx context.Context, conn *pgx.Conn, more ...string) any {
	queue := &pgx.Batch{}
	for i := range 5 {
		queue.Queue("SELECT id, word, amount FROM clients.kinds WHERE id = $1", i)
	}
	queue.Queue("SELECT count(*) FROM pg_class WHERE relname = $1", "patent")
	queue.Queue("SELECT count(*) FROM patent")
	for _, sql := range more {
		queue.Queue(sql)
	}
	results := conn.SendBatch(ctx, queue)
	all := []any{}
	for range queue.Len() {
		rows, err := results.Query()
		if err != nil {
			all = append(all, failure(err))
			continue
		}
		all = append(all, result(conn, rows))
	}
	if err := results.Close(); err != nil {
		all = append(all, failure(err))
	}
	return all
}

// pipeline sends two statements, a wrong one and two more, with a Sync after the third.
func pipeline(ctx context.Context, conn *pgx.Conn) any {
	pipe := conn.PgConn().StartPipeline(ctx)
	send := func(sql string) { pipe.SendQueryParams(sql, nil, nil, nil, nil) }
	send("SELECT count(*) FROM patent")
	send("SELECT nothing FROM patent")
	send("SELECT count(*) FROM cpc")
	pipe.SendPipelineSync()
	send("SELECT count(*) FROM inventor")
	pipe.SendPipelineSync()
	if err := pipe.Flush(); err != nil {
		return failure(err)
	}
	all := []any{}
	for {
		results, err := pipe.GetResults()
		if err != nil {
			all = append(all, failure(err))
			continue
		}
		if results == nil {
			break
		}
		reader, isReader := results.(interface {
			NextRow() bool
			Values() [][]byte
		})
		for isReader && reader.NextRow() {
			all = append(all, string(reader.Values()[0]))
		}
		all = append(all, fmt.Sprintf("%T", results))
	}
	if err := pipe.Close(); err != nil {
		all = append(all, failure(err))
	}
	return append(all, alive(ctx, conn))
}

// cancelByContext: pgx gives the connection up; another one shows that the server is well.
func cancelByContext(ctx context.Context, conn *pgx.Conn) any {
	limited, stop := context.WithTimeout(ctx, 1500*time.Millisecond)
	defer stop()
	begun := time.Now()
	rows, err := conn.Query(limited, long)
	if err == nil {
		rows.Next()
		err = rows.Err()
	}
	soon := time.Since(begun) < 8*time.Second
	other := connect(ctx, pgx.QueryExecModeCacheStatement)
	defer other.Close(ctx)
	return []any{errors.Is(err, context.DeadlineExceeded), soon, conn.IsClosed(), alive(ctx, other)}
}

func cancelRequest(ctx context.Context, conn *pgx.Conn) any {
	sent := make(chan error)
	go func() {
		time.Sleep(1500 * time.Millisecond)
		sent <- conn.PgConn().CancelRequest(ctx)
	}()
	begun := time.Now()
	ended := query(ctx, conn, long)
	soon := time.Since(begun) < 8*time.Second
	return []any{ended, soon, fmt.Sprint(<-sent), alive(ctx, conn)}
}

func copyTo(ctx context.Context, conn *pgx.Conn, sql string) any {
	var copied bytes.Buffer
	tag, err := conn.PgConn().CopyTo(ctx, &copied, sql)
	if err != nil {
		return failure(err)
	}
	text := copied.String()
	if strings.Contains(sql, "binary") {
		text = hex.EncodeToString(copied.Bytes())
	}
	return []any{tag.String(), text, alive(ctx, conn)}
}

func copyFrom(ctx context.Context, conn *pgx.Conn) any {
	_, err := conn.PgConn().CopyFrom(ctx, strings.NewReader("1\n"), "COPY patent FROM STDIN")
	return []any{failure(err), alive(ctx, conn)}
}

// resultFormats asks for text and binary, column by column.
func resultFormats(ctx context.Context, conn *pgx.Conn) any {
	sql := "SELECT id, number, word, day, instant, amount FROM clients.kinds ORDER BY id"
	formats := pgx.QueryResultFormats{1, 0, 1, 0, 1, 0}
	return query(ctx, conn, sql, formats)
}

func prepareAndDeallocate(ctx context.Context, conn *pgx.Conn) any {
	prepared, err := conn.Prepare(ctx, "by year", "SELECT count(*) FROM patent WHERE grant_year = $1 OR kind = $2")
	if err != nil {
		return failure(err)
	}
	all := []any{prepared.ParamOIDs, query(ctx, conn, "by year", 2010, "B2"), query(ctx, conn, "by year", 2011, nil)}
	if err := conn.Deallocate(ctx, "by year"); err != nil {
		return failure(err)
	}
	_, err = conn.PgConn().ExecPrepared(ctx, "by year", [][]byte{nil, nil}, nil, nil).Close()
	return append(all, failure(err), alive(ctx, conn))
}

func failedTransaction(ctx context.Context, conn *pgx.Conn) any {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return failure(err)
	}
	first := query(ctx, conn, "SELECT nothing FROM patent")
	second := query(ctx, conn, "SELECT count(*) FROM patent")
	return []any{first, second, fmt.Sprint(tx.Commit(ctx)), alive(ctx, conn)}
}

func nestedTransaction(ctx context.Context, conn *pgx.Conn) any {
	outer, err := conn.Begin(ctx)
	if err != nil {
		return failure(err)
	}
	inner, err := outer.Begin(ctx)
	if err != nil {
		return failure(err)
	}
	wrong := query(ctx, conn, "SELECT nothing FROM patent")
	undone := inner.Rollback(ctx)
	right := query(ctx, conn, many)
	return []any{wrong, fmt.Sprint(undone), right, fmt.Sprint(outer.Commit(ctx))}
}

func readOnlyTransaction(ctx context.Context, conn *pgx.Conn) any {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly, DeferrableMode: pgx.Deferrable}
	tx, err := conn.BeginTx(ctx, options)
	if err != nil {
		return failure(err)
	}
	return []any{query(ctx, conn, "SELECT count(*) FROM patent"), fmt.Sprint(tx.Commit(ctx))}
}

func alive(ctx context.Context, conn *pgx.Conn) any {
	return query(ctx, conn, "SELECT count(*) AS alive FROM clients.kinds")
}

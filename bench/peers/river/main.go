// One round of River: no-op jobs are inserted beforehand, then worked off; how many were completed between two instants
// is counted in the table itself, so only what was committed counts. Ends with one line of JSON.
//
//	river DSN WORKERS SECONDS JOBS
//
// Fetch intervals are those of River's own benchmark command (`river bench`). Completions are batched by River itself.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

const (
	warmUp        = time.Second
	insertPortion = 10_000
	stopPatience  = 5 * time.Second
)

type nothingArgs struct {
	N int `json:"n"`
}

func (nothingArgs) Kind() string { return "nothing" }

type nothingWorker struct {
	river.WorkerDefaults[nothingArgs]
}

func (*nothingWorker) Work(context.Context, *river.Job[nothingArgs]) error { return nil }

type report struct {
	PerSecond         float64 `json:"per_second"`
	RanDry            bool    `json:"ran_dry"`
	Fsync             string  `json:"fsync"`
	SynchronousCommit string  `json:"synchronous_commit"`
}

func main() {
	out, err := round(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		os.Exit(1)
	}
}

func round(ctx context.Context) (report, error) {
	var out report
	if len(os.Args) != 5 {
		return out, fmt.Errorf("usage: river DSN WORKERS SECONDS JOBS")
	}
	workers, seconds, jobs, err := numbers(os.Args[2:])
	if err != nil {
		return out, err
	}
	pool, err := pgxpool.New(ctx, os.Args[1]+" pool_max_conns=10")
	if err != nil {
		return out, err
	}
	defer pool.Close()
	client, err := prepare(ctx, pool, workers, jobs)
	if err != nil {
		return out, err
	}
	if err := pool.QueryRow(ctx, "SELECT current_setting('fsync'), current_setting('synchronous_commit')").
		Scan(&out.Fsync, &out.SynchronousCommit); err != nil {
		return out, err
	}

	if err := client.Start(ctx); err != nil {
		return out, err
	}
	time.Sleep(warmUp)
	done, at, err := completed(ctx, pool)
	if err != nil {
		return out, err
	}
	time.Sleep(time.Duration(seconds) * time.Second)
	doneLater, atLater, err := completed(ctx, pool)
	if err != nil {
		return out, err
	}
	out.PerSecond = float64(doneLater-done) / atLater.Sub(at).Seconds()
	out.RanDry = doneLater >= jobs

	stopping, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	_ = client.StopAndCancel(stopping) // the round is over, however this ends
	return out, nil
}

func numbers(texts []string) (workers, seconds, jobs int, err error) {
	for i, target := range []*int{&workers, &seconds, &jobs} {
		if *target, err = strconv.Atoi(texts[i]); err != nil {
			return
		}
	}
	return
}

// prepare makes the schema, empties the queue, fills it with jobs and leaves the table as a quiet day would.
func prepare(ctx context.Context, pool *pgxpool.Pool, workers, jobs int) (*river.Client[pgx.Tx], error) {
	driver := riverpgxv5.New(pool)
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: quiet})
	if err != nil {
		return nil, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	registry := river.NewWorkers()
	river.AddWorker(registry, &nothingWorker{})
	client, err := river.NewClient(driver, &river.Config{
		FetchCooldown:     2 * time.Millisecond,
		FetchPollInterval: 20 * time.Millisecond,
		Logger:            quiet,
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		Workers:           registry,
	})
	if err != nil {
		return nil, err
	}
	if _, err := pool.Exec(ctx, "TRUNCATE river_job"); err != nil {
		return nil, err
	}
	for begin := 0; begin < jobs; begin += insertPortion {
		portion := make([]river.InsertManyParams, 0, insertPortion)
		for n := begin; n < min(begin+insertPortion, jobs); n++ {
			portion = append(portion, river.InsertManyParams{Args: nothingArgs{N: n}})
		}
		if _, err := client.InsertManyFast(ctx, portion); err != nil {
			return nil, err
		}
	}
	for _, statement := range []string{"VACUUM ANALYZE river_job", "CHECKPOINT"} {
		if _, err := pool.Exec(ctx, statement); err != nil {
			return nil, err
		}
	}
	return client, nil
}

func completed(ctx context.Context, pool *pgxpool.Pool) (count int, at time.Time, err error) {
	err = pool.QueryRow(ctx, "SELECT count(*), statement_timestamp() FROM river_job WHERE state = 'completed'").
		Scan(&count, &at)
	return
}

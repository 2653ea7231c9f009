// One round of Graphile Worker: no-op jobs are inserted beforehand, then worked off; how many were gone between two
// instants is counted in the table itself, so only what was committed counts. Ends with one line of JSON.
//
//   node run.mjs DSN tuned|default SECONDS JOBS
//
// "tuned" follows https://worker.graphile.org/docs/performance: a local queue, completions in batches. "default" is what
// one gets who sets nothing but the number of jobs at once (the documented 1 would be unfair; 10 is its example's).
import { Logger, run, runMigrations } from "graphile-worker";
import pg from "pg";

const [dsn, mode, secondsText, jobsText] = process.argv.slice(2);
const seconds = Number(secondsText);
const jobs = Number(jobsText);
const warmUpMs = 1000;

const presets = {
  tuned: { concurrentJobs: 24, maxPoolSize: 10, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
  default: { concurrentJobs: 10, maxPoolSize: 10 },
};
if (!(mode in presets)) {
  throw new Error(`no such mode: ${mode}`);
}

// DSN has libpq's form, key=value or key='value'; node-postgres wants them apart.
function connectionOf(text) {
  const found = Object.fromEntries([...text.matchAll(/(\w+)=(?:'([^']*)'|(\S+))/g)].map((m) => [m[1], m[2] ?? m[3]]));
  return { host: found.host, port: Number(found.port ?? 5432), user: found.user, database: found.dbname };
}

const connection = connectionOf(dsn);
const quiet = new Logger(() => (level, message) => level === "error" && console.error(message));
const pool = new pg.Pool({ ...connection, max: presets[mode].maxPoolSize });
// A pool without handlers for lost connections is complained about; a round that loses one fails by its figures.
pool.on("error", () => {});
pool.on("connect", (client) => client.on("error", () => {}));
const options = { pgPool: pool, preset: { worker: { ...presets[mode], logger: quiet, gracefulShutdownAbortTimeout: 2000 } } };

const side = new pg.Client(connection);
await side.connect();
await runMigrations(options);
await side.query("TRUNCATE graphile_worker._private_jobs");
// In portions: one call with all of them needs memory for an array of all of them.
for (let left = jobs; left > 0; left -= 20_000) {
  await side.query(
    `SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(
       SELECT json_populate_record(NULL::graphile_worker.job_spec,
                                   json_build_object('identifier', 'nothing', 'payload', json_build_object('n', n)))
       FROM generate_series(1, $1::int) n))`,
    [Math.min(left, 20_000)],
  );
}
await side.query("VACUUM ANALYZE graphile_worker._private_jobs");
await side.query("CHECKPOINT");

const left = async () => {
  const { rows } = await side.query(
    `SELECT count(*)::int AS left, extract(epoch FROM statement_timestamp())::float8 AS at
     FROM graphile_worker._private_jobs`,
  );
  return rows[0];
};
const durability = (
  await side.query("SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit")
).rows[0];

const runner = await run({ ...options, taskList: { nothing: async () => {} } });
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
await pause(warmUpMs);
const before = await left();
await pause(seconds * 1000);
const after = await left();

console.log(
  JSON.stringify({
    per_second: (before.left - after.left) / (after.at - before.at),
    ran_dry: after.left === 0,
    ...durability,
  }),
);
const over = setTimeout(() => process.exit(0), 3000);
await runner.stop().catch(() => {});
clearTimeout(over);
process.exit(0);

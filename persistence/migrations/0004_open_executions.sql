-- Finds the executions that are not at their end among all that ever were: the ready list of a tenant's workers, what
-- can be claimed, deliveries that fell silent, leases that ran out. Open executions are few and history is not: for a
-- minutely worker cue with a year of history, the list of what can be claimed took 250 ms without it and 1 ms with it.
--
-- Its price: PostgreSQL (15 at least) writes a new entry into every index of a table when an update changes a column that
-- any index names, even if only in its predicate, and claims and outcomes change `status`. The reference's own index on
-- retries makes them pay that already.
CREATE INDEX IF NOT EXISTS cued_executions_open ON executions (cue_id, scheduled_for)
  WHERE status IN ('pending', 'delivering', 'retrying', 'retry_ready');

-- What an execution was fired with instead of its cue's payload: merged at the fire, handed out by claimable and in the
-- webhook, taken along by a replay (spec/clients.md §9.1 #4). NULL: the cue's payload as it is at the time of asking.
-- The reference names its own columns in every INSERT and never sees this one.
ALTER TABLE executions ADD COLUMN IF NOT EXISTS payload_override jsonb;

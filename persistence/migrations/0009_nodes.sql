-- Any number of nodes share one database, and the work of its clocks. Each has a row here as long as it lives.

-- A node counts `renewals` up every second. Who sees that the number stands still for as long as NODE_LEASE_SECONDS says
-- removes the row, and with it the node's right to fire cues and to take webhooks: both are done only by an epoch that
-- is here. So no clock is compared with another, and an outage of this database makes nobody look dead.
CREATE TABLE IF NOT EXISTS cued.nodes (
  -- Of one life of a node: whoever finds his row gone begins a new one.
  epoch      bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name       text        NOT NULL,
  renewals   bigint      NOT NULL DEFAULT 0,
  -- It stops, or was told to fire no cues (DISABLE_CUE_PRIMITIVE): cues are for the others.
  resting    boolean     NOT NULL DEFAULT false,
  -- For people.
  started_at timestamptz NOT NULL DEFAULT now(),
  renewed_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- Which epoch took a webhook execution for delivery, and for which attempt; meaningful only while that attempt is under
-- way. An epoch that has no row in cued.nodes any more will never report how the attempt ended.
ALTER TABLE cued.open_executions ADD COLUMN IF NOT EXISTS taken_by bigint;
ALTER TABLE cued.open_executions ADD COLUMN IF NOT EXISTS taken_attempt integer;

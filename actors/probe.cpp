#include "actors/probe.hpp"

#include <string>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace cued::actors {
namespace {

const prometheus::Histogram::BucketBoundaries lateness_seconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                               0.5,   1,      2.5,   5,    10,    30,   60,  300};

prometheus::Family<prometheus::Counter>& counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Histogram>& lateness(prometheus::Registry& registry) {
  return prometheus::BuildHistogram()
      .Name("cued_lateness_seconds")
      .Help("How long after its scheduled instant an execution reached a stage")
      .Register(registry);
}

prometheus::Family<prometheus::Counter>& deliveries(prometheus::Registry& registry) {
  return counters(registry, "cued_webhook_attempts_total", "Webhook attempts by how they ended");
}

/// In the order of probe::stage.
std::array<prometheus::Histogram*, 5> lateness_of_stages(prometheus::Registry& registry) {
  std::array<prometheus::Histogram*, 5> out{};
  std::size_t i = 0;
  for (const auto* stage : {"fired", "started", "sent", "delivered", "outcome"})
    out[i++] = &lateness(registry).Add({{"stage", stage}}, lateness_seconds);
  return out;
}

prometheus::Gauge& members_not_well(prometheus::Registry& registry, const char* state) {
  return prometheus::BuildGauge()
      .Name("cued_actors_not_well")
      .Help("Actors that die again and again, or do not come back from their work")
      .Register(registry)
      .Add({{"state", state}});
}

double seconds(std::chrono::microseconds t) { return std::chrono::duration<double>(t).count(); }

} // namespace

probe::probe(prometheus::Registry& registry)
    : registry_{registry}, claims_{&counters(registry, "cued_claims_total", "Claims asked for").Add({})},
      claim_batches_{&counters(registry, "cued_claim_batches_total", "Commits that carried claims").Add({})},
      outcomes_{&counters(registry, "cued_outcomes_total", "Outcomes reported").Add({})},
      outcome_batches_{&counters(registry, "cued_outcome_batches_total", "Commits that carried outcomes").Add({})},
      fired_{&counters(registry, "cued_fired_total", "Executions made by the clock").Add({})},
      backfilled_{
          &counters(registry, "cued_backfilled_total", "Executions made by the clock for instants it had missed")
               .Add({})},
      skipped_{&counters(registry, "cued_skipped_total", "Instants without an execution because of an overlap policy")
                    .Add({})},
      outcome_timeouts_{
          &counters(registry, "cued_outcome_timeouts_total", "Executions whose outcome deadline passed").Add({})},
      delivered_{&deliveries(registry).Add({{"result", "success"}})},
      retried_{&deliveries(registry).Add({{"result", "retry"}})}, failed_{&deliveries(registry).Add(
                                                                      {{"result", "failed"}})},
      poisoned_{&counters(registry, "cued_poisoned_rows_total", "Rows put aside because they could not be processed")
                     .Add({})},
      lateness_{lateness_of_stages(registry)}, tenants_{&prometheus::BuildGauge()
                                                             .Name("cued_tenant_actors")
                                                             .Help("Tenants with an actor in memory")
                                                             .Register(registry)
                                                             .Add({})},
      notices_pending_{&prometheus::BuildGauge()
                            .Name("cued_notices_pending")
                            .Help("Alerts, escalations and letters that are not delivered yet")
                            .Register(registry)
                            .Add({})},
      restarting_{&members_not_well(registry, "restarting")}, stuck_{&members_not_well(registry, "stuck")} {}

void probe::claim_batch(std::size_t rows) {
  claims_->Increment(static_cast<double>(rows));
  claim_batches_->Increment();
}

void probe::outcome_batch(std::size_t rows) {
  outcomes_->Increment(static_cast<double>(rows));
  outcome_batches_->Increment();
}

void probe::fired(const std::vector<persistence::fired_slot>& slots, instant at) {
  for (const auto& slot : slots) {
    if (slot.skipped)
      skipped_->Increment();
    if (!slot.created)
      continue;
    fired_->Increment();
    if (slot.backfilled)
      backfilled_->Increment();
    reached(stage::fired, slot.scheduled_for, at, slot.backfilled);
  }
}

void probe::reached(stage where, instant scheduled_for, instant at, bool backfilled) {
  if (!backfilled)
    lateness_[static_cast<std::size_t>(where)]->Observe(seconds(at - scheduled_for));
}

void probe::delivery(persistence::attempt_result::verdict verdict) {
  switch (verdict) {
  case persistence::attempt_result::verdict::success:
    return delivered_->Increment();
  case persistence::attempt_result::verdict::retry:
    return retried_->Increment();
  case persistence::attempt_result::verdict::failed:
    return failed_->Increment();
  }
}

void probe::outcome_timeouts(std::size_t executions) { outcome_timeouts_->Increment(static_cast<double>(executions)); }

void probe::poisoned_row() { poisoned_->Increment(); }

void probe::restarted(std::string_view pool_name) {
  counters(registry_, "cued_actor_restarts_total", "Actors that died and were spawned again")
      .Add({{"pool", std::string{pool_name}}})
      .Increment();
}

void probe::not_well(std::size_t restarting, std::size_t stuck) {
  restarting_->Set(static_cast<double>(restarting));
  stuck_->Set(static_cast<double>(stuck));
}

void probe::notice(persistence::notice_kind kind, persistence::notice_result::verdict verdict) {
  counters(registry_, "cued_notices_total", "Attempts at alerts, escalations and letters by how they ended")
      .Add({{"kind", std::string{persistence::name_of(kind)}}, {"result", std::string{persistence::name_of(verdict)}}})
      .Increment();
}

void probe::notices_pending(std::size_t n) { notices_pending_->Set(static_cast<double>(n)); }

void probe::tenants(std::size_t n) { tenants_->Set(static_cast<double>(n)); }

} // namespace cued::actors

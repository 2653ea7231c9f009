#include "http/routes/execution_json.hpp"

#include <gtest/gtest.h>

using namespace cued;
using namespace std::chrono_literals;

namespace {

const instant noon = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 12h;

persistence::execution_row fresh() {
  persistence::execution_row e;
  e.id = "00000000-0000-4000-8000-000000000001";
  e.cue_id = "cue_0123456789ab";
  e.scheduled_for = noon;
  e.status = "pending";
  e.created_at = noon + 1us;
  e.updated_at = noon + 2s;
  return e;
}

std::string text(const auto& execution) {
  json::writer w;
  http::write_execution(w, execution);
  return std::move(w).str();
}

} // namespace

TEST(execution_json, a_fresh_execution_shows_null_for_what_has_not_happened) {
  EXPECT_EQ(text(fresh()),
            R"({"id":"00000000-0000-4000-8000-000000000001","cue_id":"cue_0123456789ab",)"
            R"("scheduled_for":"2026-11-24T12:00:00Z","status":"pending","http_status":null,"attempts":0,)"
            R"("error_message":null,"started_at":null,"delivered_at":null,"last_attempt_at":null,"outcome":null,)"
            R"("created_at":"2026-11-24T12:00:00.000001Z","updated_at":"2026-11-24T12:00:02Z",)"
            R"("claimed_by_worker":null,"claimed_at":null,"last_heartbeat_at":null,"triggered_by":null,)"
            R"("outcome_state":null,"next_retry":null,"backfilled":false,"lateness_ms":null,)"
            R"("timing":{"fired_ms":0,"started_ms":null,"delivered_ms":null,"outcome_ms":null}})");
}

TEST(execution_json, each_stage_is_told_in_milliseconds_after_the_scheduled_instant) {
  auto e = fresh();
  e.backfilled = true;
  e.created_at = noon + 90s;
  e.started_at = noon + 91500us + 90s;
  e.delivered_at = noon + 2min;
  e.outcome = persistence::execution_outcome{true, {}, {}, {}, noon + 1h};
  EXPECT_NE(text(e).find(R"("backfilled":true,"lateness_ms":90091,"timing":{"fired_ms":90000,"started_ms":90091,)"
                         R"("delivered_ms":120000,"outcome_ms":3600000})"),
            std::string::npos)
      << text(e);
}

TEST(execution_json, an_outcome_shows_the_report_and_its_evidence) {
  auto e = fresh();
  e.http_status = 200;
  e.delivered_at = noon;
  e.claimed_by_worker = "w \"1\"";
  e.outcome_state = "verified_success";
  e.outcome = persistence::execution_outcome{true, "done", std::nullopt, R"({"a": 1.0})", noon + 1s};
  e.evidence = {"x-1", "https://r/", std::nullopt, "pdf", "sum", "valid"};
  const auto written = text(e);
  EXPECT_NE(written.find(R"("outcome":{"success":true,"result":"done","error":null,"metadata":{"a": 1.0},)"
                         R"("recorded_at":"2026-11-24T12:00:01Z","external_id":"x-1","result_url":"https://r/",)"
                         R"("result_ref":null,"result_type":"pdf","summary":"sum","validation_state":"valid"})"),
            std::string::npos)
      << written;
  EXPECT_NE(written.find(R"("claimed_by_worker":"w \"1\"")"), std::string::npos);
  EXPECT_NE(written.find(R"("http_status":200)"), std::string::npos);
}

TEST(execution_json, artifacts_and_evidence_metadata_are_shown_of_a_single_execution_only) {
  persistence::execution_detail detail{fresh(), R"([{"a": 1}])", R"({"m": 2})"};
  detail.execution.outcome = persistence::execution_outcome{false, {}, "boom", {}, noon};
  EXPECT_NE(text(detail).find(R"("artifacts":[{"a": 1}],"evidence_metadata":{"m": 2}})"), std::string::npos);
  EXPECT_EQ(text(detail.execution).find("artifacts"), std::string::npos);
}

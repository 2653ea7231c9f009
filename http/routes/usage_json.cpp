#include "http/routes/usage_json.hpp"

#include "domain/json/value.hpp"

namespace cued::http {
namespace {

constexpr std::string_view upgrade_url = "https://dashboard.cueapi.ai/billing";

void write_period(json::writer& w, const usage_month& month) {
  const auto start = date_text(month.first);
  const auto end = date_text(month.last);
  w.key("billing_period").begin_object();
  w.key("start").string(start).key("end").string(end).key("days_remaining").number(month.days_remaining());
  w.end_object();
  w.key("period").begin_object();
  w.key("start").string(start).key("end").string(end);
  w.end_object();
}

void write_cues(json::writer& w, std::int64_t used, std::int64_t limit) {
  w.key("cues").begin_object();
  w.key("used").number(used);
  w.key("active").number(used);
  w.key("limit").number(limit);
  w.key("remaining").number(remaining(used, limit));
  w.key("percent_used").number(percent_used(used, limit));
  w.end_object();
}

void write_executions(json::writer& w, std::int64_t used, std::int64_t limit, const usage_month& month) {
  const auto projected = projected_month_end(used, month);
  w.key("executions").begin_object();
  w.key("used").number(used);
  w.key("limit").number(limit);
  w.key("remaining").number(remaining(used, limit));
  w.key("percent_used").number(percent_used(used, limit));
  w.key("percentage").raw(percentage_text(used, limit));
  w.key("projected_month_end").number(projected);
  w.key("will_exceed_limit").boolean(projected >= limit);
  w.end_object();
}

} // namespace

std::string usage_json(const principal& caller, const usage_month& month, const persistence::usage_counts& counts,
                       std::int64_t current_rate) {
  json::writer w;
  w.begin_object();
  w.key("plan").string(caller.plan);
  write_period(w, month);
  write_cues(w, counts.cues, caller.active_cue_limit);
  write_executions(w, counts.executions, caller.monthly_execution_limit, month);
  w.key("outcomes").begin_object();
  w.key("reported").number(counts.outcomes_reported);
  w.key("succeeded").number(counts.outcomes_succeeded);
  w.key("failed").number(counts.outcomes_failed);
  w.end_object();
  w.key("rate_limit").begin_object();
  w.key("requests_per_minute").number(caller.rate_limit_per_minute);
  w.key("limit").number(caller.rate_limit_per_minute);
  w.key("current_usage").number(current_rate);
  w.end_object();
  w.key("upgrade_url").string(upgrade_url);
  w.end_object();
  return std::move(w).str();
}

} // namespace cued::http

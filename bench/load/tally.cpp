#include "bench/load/tally.hpp"

#include <algorithm>

namespace cued::bench {
namespace {

constexpr std::chrono::milliseconds tick{100};
constexpr std::size_t first_failures_at_most = 5;
constexpr std::size_t failure_characters = 300;

std::chrono::microseconds between(tally::moment from, tally::moment to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from);
}

/// What histogram::record_corrected would have made of each value, had the interval been known then.
histogram corrected(const histogram& measured, std::chrono::microseconds interval) {
  histogram out;
  for (const auto& step : measured.steps()) {
    out.record(step.up_to, step.count);
    if (interval.count() <= 0)
      continue;
    for (auto missed = step.up_to - interval; missed >= interval; missed -= interval)
      out.record(missed, step.count);
  }
  return out;
}

} // namespace

tally::tally(const load_plan& plan, moment start) : from_{start + plan.warm_up}, until_{from_ + plan.duration} {
  for (const auto& name : plan.kinds)
    out_.kinds.push_back({name, {}, {}, 0, 0});
  out_.succeeded_per_tick.resize(
      static_cast<std::size_t>((plan.duration + tick - std::chrono::milliseconds{1}) / tick));
  out_.measured = plan.duration;
}

void tally::answered(std::size_t kind, moment begun, moment at, bool success, int status, std::string_view body) {
  succeeded_ += success ? 1 : 0;
  if (success && at >= from_ && at < until_)
    ++out_.succeeded_per_tick[static_cast<std::size_t>((at - from_) / tick)];
  if (!success)
    failure(out_.kinds[kind].name + ": " + std::to_string(status) + " " +
            std::string{body.substr(0, failure_characters)});
  if (!counts(begun))
    return;
  auto& k = out_.kinds[kind];
  if (success) {
    ++k.succeeded;
    k.latency.record(between(begun, at));
  } else {
    ++k.failed;
  }
}

void tally::unanswered(std::size_t kind, moment begun, moment at, std::string_view why) {
  failure(out_.kinds[kind].name + ": no answer, " + std::string{why});
  if (!counts(begun))
    return;
  ++out_.kinds[kind].failed;
  out_.kinds[kind].latency.record(between(begun, at));
}

void tally::unsent(moment planned) { out_.unsent += counts(planned) ? 1 : 0; }

void tally::failure(std::string text) {
  if (out_.first_failures.size() < first_failures_at_most)
    out_.first_failures.push_back(std::move(text));
}

void tally::ended(moment at) {
  constexpr std::chrono::microseconds at_least{1}; // what is divided by must not be zero
  out_.measured = std::max(between(from_, std::min(at, until_)), at_least);
}

load_result tally::result_of(const load_plan& plan) && {
  std::uint64_t requests = 0;
  for (const auto& k : out_.kinds)
    requests += k.latency.count();
  const auto connections = static_cast<std::int64_t>(plan.connections);
  const auto interval =
      requests == 0
          ? std::chrono::microseconds{0}
          : std::chrono::microseconds{out_.measured.count() * connections / static_cast<std::int64_t>(requests)};
  for (auto& k : out_.kinds)
    k.corrected_latency = plan.rate > 0 ? k.latency : corrected(k.latency, interval);
  out_.succeeded_in_all = succeeded_;
  return std::move(out_);
}

} // namespace cued::bench

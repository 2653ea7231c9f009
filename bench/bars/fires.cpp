#include "bench/bars/court.hpp"
#include "bench/report/figures.hpp"
#include "bench/scenarios/catalogue.hpp"

namespace cued::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto lateness_p50_at_most = 5ms, lateness_p99_at_most = 25ms;
constexpr double committed_ms_at_most = 1000, delivered_ms_at_most = 5000;
/// A request of somebody else's, while both processors are at work on a storm, is as late as a fire may be.
constexpr double bystander_ms_at_most = 25;
constexpr double webhooks_at_least = 3000;

void judge_figure(court& at, const measurement& m, const std::string& name, const char* figure, double at_most) {
  const auto found = m.figures.find(figure);
  const auto wanted = "<= " + short_number(at_most) + " ms";
  if (found == m.figures.end())
    add_bar(at.out, name, wanted, "not all within the patience of the run", false);
  else
    add_bar(at.out, name, wanted, short_number(found->second) + " ms", found->second <= at_most);
}

} // namespace

void judge_lateness(court& at) {
  const std::string name = "5 lateness at 1,000 cues/s", wanted = "p50 <= 5 ms, p99 <= 25 ms";
  const auto measured = run_for(at, fire_steadily);
  if (!measured)
    return add_unavailable(at.out, name, wanted, measured.error());
  const auto sent = measured->lateness.find("sent");
  if (sent == measured->lateness.end() || sent->second.count() == 0)
    return add_bar(at.out, name, wanted, "nothing was sent", false);
  const auto p50 = sent->second.percentile(50), p99 = sent->second.percentile(99);
  add_bar(at.out, name, wanted, "p50 " + short_duration(p50) + ", p99 " + short_duration(p99),
          p50 <= lateness_p50_at_most && p99 <= lateness_p99_at_most);
}

void judge_storm(court& at) {
  const auto measured = run_for(at, fire_storm);
  if (!measured)
    return add_unavailable(at.out, "6 10,000 cues due at once", "committed, delivered, others unharmed",
                           measured.error());
  judge_figure(at, *measured, "6 10,000 cues due at once: committed", "committed_within_ms", committed_ms_at_most);
  judge_figure(at, *measured, "6 10,000 cues due at once: delivered", "delivered_within_ms", delivered_ms_at_most);
  judge_figure(at, *measured, "6 p99 of another tenant meanwhile", "bystander_p99_during_ms", bystander_ms_at_most);
}

void judge_webhooks(court& at) {
  const std::string name = "7 webhooks end to end", wanted = ">= 3,000/s";
  const auto measured = run_for(at, webhooks_end_to_end);
  if (!measured)
    return add_unavailable(at.out, name, wanted, measured.error());
  add_bar(at.out, name, wanted, short_number(measured->operations_per_second) + "/s",
          measured->operations_per_second >= webhooks_at_least);
}

} // namespace cued::bench

#include "bench/scenarios/fire_account.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "bench/scenarios/history_reader.hpp"
#include "security/signature.hpp"

namespace cued::bench {
namespace {

constexpr std::chrono::milliseconds tick{100};

/// First request of each execution, in the order of ids.
std::vector<delivery> first_ones(std::vector<delivery> deliveries) {
  std::sort(deliveries.begin(), deliveries.end(), [](const delivery& a, const delivery& b) {
    return std::tie(a.execution, a.arrived) < std::tie(b.execution, b.arrived);
  });
  const auto same = [](const delivery& a, const delivery& b) { return a.execution == b.execution; };
  deliveries.erase(std::unique(deliveries.begin(), deliveries.end(), same), deliveries.end());
  return deliveries;
}

} // namespace

fire_account account_of(const std::vector<stored_fire>& fires, const std::vector<delivery>& deliveries) {
  fire_account out;
  auto& fired = out.lateness["fired"];
  auto& sent = out.lateness["sent"];
  auto& delivered = out.lateness["delivered"];
  const auto reach = [&](histogram& stage, instant due, instant at) {
    if (at < due)
      ++out.before_their_time;
    stage.record(std::max(at - due, std::chrono::microseconds{0}));
  };
  const auto heard = first_ones(deliveries);
  for (const auto& one : fires) {
    reach(fired, one.due, one.fired);
    const auto found = std::lower_bound(heard.begin(), heard.end(), one.id,
                                        [](const delivery& d, const execution_key& id) { return d.execution < id; });
    if (found != heard.end() && found->execution == one.id) {
      reach(sent, one.due, found->arrived);
      out.arrived.push_back(found->arrived);
    } else {
      ++out.never_heard_of;
    }
    if (one.succeeded) {
      reach(delivered, one.due, *one.succeeded);
      out.succeeded.push_back(*one.succeeded);
    }
  }
  std::sort(out.arrived.begin(), out.arrived.end());
  std::sort(out.succeeded.begin(), out.succeeded.end());
  return out;
}

std::vector<std::uint64_t> per_tick(const std::vector<instant>& at, instant from, std::chrono::microseconds length) {
  std::vector<std::uint64_t> out(static_cast<std::size_t>(std::max<std::int64_t>(length / tick, 0)));
  for (const auto when : at)
    if (when >= from && when < from + tick * static_cast<std::int64_t>(out.size()))
      ++out[static_cast<std::size_t>((when - from) / tick)];
  return out;
}

double steady_rate(const std::vector<instant>& at, double skip_percent) {
  const auto skipped = static_cast<std::size_t>(std::ceil(static_cast<double>(at.size()) * skip_percent / 100));
  if (at.size() < 2 * skipped + 2)
    return 0;
  const auto first = at[skipped], last = at[at.size() - 1 - skipped];
  const auto between = static_cast<double>(at.size() - 1 - 2 * skipped);
  const std::chrono::duration<double> took = last - first;
  return took.count() > 0 ? between / took.count() : 0;
}

std::vector<std::string> wrong_signatures(const std::vector<signed_sample>& samples,
                                          const std::map<std::string, std::string>& secret_of_cue) {
  faults wrong;
  for (const auto& one : samples) {
    const auto secret = secret_of_cue.find(one.cue_id);
    if (secret == secret_of_cue.end())
      wrong.add("a webhook of a cue that is not there", one.cue_id);
    else if (!security::verify(secret->second, one.timestamp, one.signature, one.body, one.arrived_unix_seconds))
      wrong.add("a webhook with a wrong signature, of cue", one.cue_id);
  }
  return wrong.texts();
}

result<void> examine_history(const std::string& dsn, const due_span& span, const std::vector<delivery>& deliveries,
                             const fire_history::rules& rules, measurement& into) {
  fire_history history;
  history.reserve(deliveries.size());
  if (auto read = for_each_due_cue(dsn, span, [&](std::uint64_t cue, instant due) { history.expect(cue, due); }); !read)
    return fail(read.error());
  for (const auto& one : deliveries)
    history.heard(one.execution);
  if (auto read = for_each_execution(dsn, [&](const stored_execution& row) { history.holds(row); }); !read)
    return fail(read.error());
  for (auto& text : history.judge(rules).texts())
    into.history_faults.push_back(std::move(text));
  return {};
}

result<void> examine_webhooks(const std::string& dsn, const due_span& span, const receiver& heard,
                              const fire_history::rules& rules, measurement& into) {
  if (auto examined = examine_history(dsn, span, heard.deliveries(), rules, into); !examined)
    return examined;
  return examine_signatures(dsn, heard, into);
}

result<void> examine_signatures(const std::string& dsn, const receiver& heard, measurement& into) {
  const auto samples = heard.samples();
  std::vector<std::string> cues;
  for (const auto& one : samples)
    cues.push_back(one.cue_id);
  auto secrets = webhook_secrets(dsn, cues);
  if (!secrets)
    return fail(secrets.error());
  for (auto& text : wrong_signatures(samples, *secrets))
    into.history_faults.push_back(std::move(text));
  into.figures["signatures_checked"] = static_cast<double>(samples.size());
  for (auto& text : heard.complaints())
    into.remarks.push_back("receiver: " + text);
  return {};
}

} // namespace cued::bench

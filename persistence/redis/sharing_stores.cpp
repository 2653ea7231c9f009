#include "persistence/redis/sharing_stores.hpp"

#include <map>

#include "domain/usage.hpp"

namespace cued::persistence {

result<std::vector<recorded_attempt>> usage_sharing_store::record_attempts(const std::vector<attempt_result>& attempts,
                                                                           instant at) {
  auto recorded = inner_->record_attempts(attempts, at);
  if (!recorded)
    return recorded;
  std::map<std::string, std::int64_t> counted;
  for (const auto& r : *recorded)
    if (r.executions_of_month)
      counted[r.user_id] = *r.executions_of_month;
  const auto month = date_text(month_of(at).first);
  for (const auto& [user_id, executions] : counted)
    shared_.usage_counted(user_id, month, executions);
  return recorded;
}

result<std::vector<started_delivery>> grace_sharing_store::start(const std::vector<std::string>& execution_ids,
                                                                 instant at) {
  auto started = inner_->start(execution_ids, at);
  if (!started)
    return started;
  std::map<std::string, instant> begun;
  for (const auto& d : *started)
    if (d.grace_begun_at)
      begun[d.user_id] = *d.grace_begun_at;
  for (const auto& [user_id, since] : begun)
    shared_.grace_started(user_id, since);
  return started;
}

} // namespace cued::persistence

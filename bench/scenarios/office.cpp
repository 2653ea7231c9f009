#include "bench/scenarios/office.hpp"

#include <array>

#include "bench/scenarios/noisy_crowd.hpp"

namespace cued::bench {
namespace {

/// Spreads consecutive numbers over what there is without repeating a short cycle (Knuth's multiplicative hash).
std::uint64_t scattered(std::uint64_t number) { return number * 0x9E3779B97F4A7C15ULL >> 32; }

std::string patch_request(std::string_view path, std::string_view key, std::string_view json_body) {
  return "PATCH" + post_request(path, key, json_body).substr(std::string_view{"POST"}.size());
}

} // namespace

office::office(std::vector<tenant> tenants, std::vector<std::vector<std::string>> executions, std::size_t connections)
    : tenants_{std::move(tenants)}, executions_{std::move(executions)}, cues_(tenants_.size()), asks_for_(connections) {
}

std::vector<std::string> office::kinds() {
  return {"look at execution", "list executions", "list cues", "look at cue", "create cue", "change cue"};
}

/// Of twenty requests: nine look at an execution, four list them, three list cues, two look at one, one makes one, one
/// changes one.
office::kind office::kind_of(std::uint64_t number) {
  constexpr std::array<kind, 20> day{look_at_execution, list_executions,   look_at_execution, list_cues,
                                     look_at_execution, create_cue,        list_executions,   look_at_execution,
                                     look_at_cue,       look_at_execution, list_cues,         change_cue,
                                     look_at_execution, list_executions,   look_at_execution, look_at_cue,
                                     list_cues,         look_at_execution, list_executions,   look_at_execution};
  return day[number % day.size()];
}

std::optional<outgoing> office::next(std::size_t connection) {
  if (stopped())
    return std::nullopt;
  const auto tenant = static_cast<std::size_t>(scattered(asked_) % tenants_.size());
  asks_for_[connection] = tenant;
  auto what = kind_of(asked_++);
  if (cues_[tenant].empty() && (what == look_at_cue || what == change_cue))
    what = create_cue;
  return request(what, tenant);
}

outgoing office::request(kind what, std::size_t tenant) {
  const auto& key = tenants_[tenant].api_key;
  const auto any_of = [&](const std::vector<std::string>& ids) { return ids[scattered(asked_) % ids.size()]; };
  switch (what) {
  case look_at_execution:
    return {what, get_request("/v1/executions/" + any_of(executions_[tenant]), key)};
  case list_executions:
    return {what, get_request("/v1/executions?limit=20", key)};
  case list_cues:
    return {what, get_request("/v1/cues?limit=20", key)};
  case look_at_cue:
    return {what, get_request("/v1/cues/" + any_of(cues_[tenant]), key)};
  case create_cue:
    return {what, post_request("/v1/cues", key, distant_cue("office-" + std::to_string(asked_)))};
  case change_cue:
    return {what, patch_request("/v1/cues/" + any_of(cues_[tenant]), key,
                                R"({"description":"changed )" + std::to_string(asked_) + "\"}")};
  }
  return {};
}

bool office::answered(std::size_t connection, const incoming& answer) {
  if (answer.kind != create_cue)
    return answer.status == 200;
  if (answer.status != 201)
    return false;
  auto id = cue_id_in(answer.body);
  if (!id.empty())
    cues_[asks_for_[connection]].push_back(std::move(id));
  return true;
}

} // namespace cued::bench

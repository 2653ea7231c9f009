#include <string>
#include <vector>

#include "actors/engine.hpp"
#include "http/routes/cue_handlers.hpp"
#include "http/validation/confirmation.hpp"
#include "http/validation/readers.hpp"
#include "http/waiting.hpp"
#include "persistence/cue_changes.hpp"

/// `POST /v1/cues/bulk-delete`. Source: spec/clients.md §9.1 #8.
namespace cued::http {
namespace {

using boost::asio::awaitable;

constexpr std::size_t ids_at_most = 100;

std::vector<std::string> read_ids(object_reader& body) {
  std::vector<std::string> ids;
  auto given = body.list("ids");
  if (!given || given->empty() || given->size() > ids_at_most) {
    if (body.clean())
      body.reject("ids", "List should have 1 to 100 items");
    return ids;
  }
  for (auto& id : *given)
    ids.push_back(id.text());
  return ids;
}

/// Each cue for itself, in order. What is missing and what is somebody else's is skipped.
struct deletions {
  std::vector<std::string> deleted, skipped;
  std::optional<error> broke_off; ///< the rest was not tried
};

result<deletions> delete_each(persistence::connection& link, const std::string& user_id,
                              const std::vector<std::string>& ids) {
  deletions out;
  for (const auto& id : ids) {
    const auto deleted = persistence::delete_cue(link, user_id, id);
    if (!deleted && deleted.error().status != 404) {
      out.broke_off = deleted.error();
      break;
    }
    (deleted ? out.deleted : out.skipped).push_back(id);
  }
  return out;
}

void write_list(json::writer& w, std::string_view name, const std::vector<std::string>& ids) {
  w.key(name).begin_array();
  for (const auto& id : ids)
    w.string(id);
  w.end_array();
}

} // namespace

awaitable<result<response>> bulk_delete_cues(services& with, request& in) {
  if (auto confirmed = require_confirmation(in); !confirmed)
    co_return fail(std::move(confirmed.error()));
  body_reader body{in};
  const auto ids = read_ids(body);
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));

  auto done = co_await on_database(
      with, [&](persistence::connection& link) { return delete_each(link, in.caller.user_id, ids); });
  if (!done)
    co_return fail(std::move(done.error()));
  for (const auto& id : done->deleted)
    with.engine.cue_changed(id);
  if (done->broke_off)
    co_return fail(std::move(*done->broke_off));
  json::writer w;
  w.begin_object();
  write_list(w, "deleted", done->deleted);
  write_list(w, "skipped", done->skipped);
  w.end_object();
  co_return json_response(std::move(w).str());
}

} // namespace cued::http

#include "persistence/audit_log.hpp"

#include <limits>

#include "domain/timestamp.hpp"
#include "http/routes/account_handlers.hpp"
#include "http/validation/readers.hpp"
#include "http/waiting.hpp"

/// GET /v1/auth/audit-log. Ours; the reference keeps none.
namespace cued::http {
namespace {

using boost::asio::awaitable;

constexpr int page_at_most = 100;
constexpr int page_by_default = 50;

void write_record(json::writer& w, const persistence::audit_record& record) {
  w.begin_object();
  w.key("id").number(record.id);
  w.key("occurred_at").string(format_z(record.occurred_at));
  w.key("action").string(record.action);
  w.key("actor").string(record.actor);
  w.key("key_id").string_or_null(record.key_id);
  w.key("key_name").string_or_null(record.key_name);
  w.key("client_address").string_or_null(record.client_address);
  w.key("request_id").string_or_null(record.request_id);
  w.key("details").raw_or_null(record.details);
  w.end_object();
}

} // namespace

awaitable<result<response>> show_audit_log(services& with, request& in) {
  query_reader query{in};
  const auto limit =
      static_cast<int>(query.integer("limit", {.min = 1, .max = page_at_most, .fallback = page_by_default}));
  const auto before = query.optional_integer("before", {.min = 1, .max = std::numeric_limits<std::int64_t>::max()});
  if (auto bad = query.problems())
    co_return fail(std::move(*bad));

  // One more than asked for says whether there is another page.
  auto page = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::read_audit(link, in.caller.user_id, limit + 1, before);
  });
  if (!page)
    co_return fail(std::move(page.error()));
  const bool more = page->size() > static_cast<std::size_t>(limit);
  if (more)
    page->pop_back();

  json::writer w;
  w.begin_object().key("records").begin_array();
  for (const auto& record : *page)
    write_record(w, record);
  w.end_array();
  w.key("next_before").number_or_null(more ? std::optional{page->back().id} : std::nullopt);
  w.end_object();
  co_return json_response(std::move(w).str());
}

} // namespace cued::http

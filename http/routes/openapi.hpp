#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/server/route.hpp"

/// What the documentation says of each route, as data: one `operation_notes` for each line of the route tables,
/// attached by `route{...}.noted(notes::create_cue)` and kept beside the handlers in http/routes/<resource>_notes.cpp.
/// Made once, before main; read by /openapi.json and /docs only. Handlers do not know of it: that it tells the truth is
/// shown by tests, which make requests from the document and hold every answer against it.
///
/// Notes name what is special about a route. What follows from its line in the table (401, 403, 413, 422, 429, ...) is
/// added by document_of().
namespace cued::http {

// -- schemas --------------------------------------------------------------

enum class shape { anything, text, integer, number, boolean, moment, object, list, map, reference };

struct schema_member;

/// What a JSON value looks like, in the words of JSON Schema 2020-12 that we need.
struct schema {
  shape of = shape::anything;
  bool nullable = false;
  std::string_view format = {};               ///< of texts: `date-time`, `uuid`, `email`, `uri`
  std::optional<std::int64_t> min, max;       ///< of a number, of a text's or a list's length
  std::vector<std::string_view> choices = {}; ///< of texts: nothing else
  std::vector<schema_member> members = {};    ///< of objects; others may be there too
  std::vector<schema> items = {};             ///< of lists and maps: one
  const schema* target = nullptr;             ///< of references
  std::string_view name = {};                 ///< of what references may point to
  std::string_view remark = {};

  [[nodiscard]] schema or_null() const {
    auto out = *this;
    out.nullable = true;
    return out;
  }
  [[nodiscard]] schema meaning(std::string_view what) const {
    auto out = *this;
    out.remark = what;
    return out;
  }
};

struct schema_member {
  std::string_view name;
  schema value;
  bool required = true;
};

// -- how notes spell them -------------------------------------------------

[[nodiscard]] schema anything();
[[nodiscard]] schema text(std::optional<std::int64_t> length_min = {}, std::optional<std::int64_t> length_max = {});
[[nodiscard]] schema text_like(std::string_view format);
[[nodiscard]] schema one_of(std::vector<std::string_view> choices);
[[nodiscard]] schema integer(std::optional<std::int64_t> min = {}, std::optional<std::int64_t> max = {});
[[nodiscard]] schema number(std::optional<std::int64_t> min = {}, std::optional<std::int64_t> max = {});
[[nodiscard]] schema boolean();
[[nodiscard]] schema instant_out(); ///< as we write it: RFC 3339
[[nodiscard]] schema moment_in();   ///< as we read it: RFC 3339 and more, or Unix seconds (spec/cues.md §0)
[[nodiscard]] schema uuid();
[[nodiscard]] schema list_of(schema item, std::optional<std::int64_t> min = {}, std::optional<std::int64_t> max = {});
[[nodiscard]] schema map_of(schema value);
[[nodiscard]] schema object(std::vector<schema_member> members);
[[nodiscard]] schema named(std::string_view name, std::vector<schema_member> members);
[[nodiscard]] schema ref(const schema& named); ///< only the address is looked at, so any file's schema will do
[[nodiscard]] schema_member maybe(std::string_view name, schema value);

// -- operations -----------------------------------------------------------

struct parameter_note {
  std::string_view name;
  schema value;
  bool required = false;
};

struct answer_note {
  int status;
  schema body;
  std::string_view media_type = "application/json"; ///< empty: no body
};

struct refusal_note {
  int status;
  std::string_view code; ///< `error.code`
};

struct operation_notes {
  std::optional<schema> body = {};          ///< of routes that read one
  std::vector<parameter_note> query = {};   ///< those that are known; others are ignored
  std::vector<parameter_note> headers = {}; ///< besides Authorization
  std::vector<answer_note> answers = {};    ///< successes, and answers that are no error envelope
  std::vector<refusal_note> refusals = {};  ///< besides those that follow from the table
  std::string_view description = {};
};

/// `{limit, offset}` of lists.
[[nodiscard]] std::vector<parameter_note> page_of(std::int64_t limit_by_default,
                                                  std::vector<parameter_note> and_these = {});

/// `X-Confirm-Destructive: true` and its refusal are needed by routes that cannot be undone.
[[nodiscard]] parameter_note confirmation_header();
inline constexpr refusal_note unconfirmed{400, "confirmation_required"};

/// What a parameter of the path is, by its name in the pattern: the same on every route. Nothing for a name that is not
/// known here, which a test refuses.
[[nodiscard]] std::optional<schema> path_parameter(std::string_view name);

/// The parameters in a pattern, in order, without braces and dots.
[[nodiscard]] std::vector<std::string> path_parameters(std::string_view pattern);

/// The pattern in OpenAPI's words, which know no `{rest...}`.
[[nodiscard]] std::string documented_path(std::string_view pattern);

/// The refusals of a route: its own and those that its line in the table brings, ordered by status.
[[nodiscard]] std::vector<refusal_note> refusals_of(const route& r, bool on_behalf);

/// The OpenAPI 3.1 document. `on_behalf`: callers with the internal token are served too (spec/auth.md §4).
[[nodiscard]] std::string document_of(std::span<const route> routes, bool on_behalf);

/// The same as a page for people; needs nothing from elsewhere on the network.
[[nodiscard]] std::string page_about(std::span<const route> routes, bool on_behalf);

} // namespace cued::http

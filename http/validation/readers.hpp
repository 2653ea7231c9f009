#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/error.hpp"
#include "domain/json/value.hpp"
#include "domain/timestamp.hpp"
#include "http/server/route.hpp"

/// How handlers read what a client sent. Each call names one member, says what it must be, and gives its value; what
/// is wrong is noted down and reading goes on, so that all problems are reported together, in the order of the calls
/// (spec/http.md §1.2 stage 7, §3.2). After a problem the value returned is the fallback or empty: ask problems()
/// before using anything.
///
///   query_reader query{in};
///   const auto limit = query.integer("limit", {.min = 1, .max = 100, .fallback = 50});
///   body_reader body{in, query};
///   const auto name = body.text("name", {.length_max = 255});
///   auto schedule = body.object("schedule");
///   const auto type = schedule.text("type");
///   const auto at = schedule.optional_time("at");
///   if (auto bad = body.problems())
///     co_return fail(*bad);
///
/// Absent and null: `text(...)` and its like are required unless a fallback is given, and null is a problem;
/// `optional_...` gives nothing for absent and for null alike (ask contains() where that matters).
namespace cued::http {

inline constexpr std::size_t no_length_limit = std::numeric_limits<std::size_t>::max();

/// U+0000 is refused unless the handler has an answer of its own for it (a cue's payload). Lone surrogates always are.
enum class null_characters { refused, allowed };

struct text_rules {
  std::size_t length_min = 0; ///< in code points
  std::size_t length_max = no_length_limit;
  std::optional<std::string> fallback = {};
};

/// The default range is that of an `int` column.
struct integer_rules {
  std::int64_t min = std::numeric_limits<std::int32_t>::min();
  std::int64_t max = std::numeric_limits<std::int32_t>::max();
  std::optional<std::int64_t> fallback = {};
};

struct boolean_rules {
  std::optional<bool> fallback = {};
};

struct choice_rules {
  std::vector<std::string> of;
  std::optional<std::string> fallback = {};
};

/// Where the readers of one request note what is wrong.
class problem_list {
public:
  void add(std::string field, std::string message);
  [[nodiscard]] std::size_t size() const { return found_.size(); }
  [[nodiscard]] std::optional<error> as_error() const; ///< 422 `validation_error` (spec/http.md §3.1)

private:
  std::vector<problem> found_;
};

/// One value at its place, for members of lists and maps; also what object_reader is made of.
class value_reader {
public:
  value_reader(const json::value& v, std::string field, problem_list& problems)
      : value_{&v}, field_{std::move(field)}, problems_{&problems} {}

  std::string text(const text_rules& rules = {});
  std::int64_t integer(const integer_rules& rules = {});
  bool boolean();
  timestamp time();
  std::string choice(const choice_rules& rules);
  std::string uuid(); ///< canonical spelling
  class object_reader object();
  std::vector<value_reader> list();
  std::vector<std::pair<std::string, std::string>> text_map();
  [[nodiscard]] const json::value& raw() const { return *value_; }
  void reject(std::string message) { problems_->add(field_, std::move(message)); }

private:
  const json::value* value_;
  std::string field_;
  problem_list* problems_;
};

/// The members of one JSON object: the body itself or an object inside it. One whose object is missing or wrong
/// ("void") gives fallbacks without noting further problems.
class object_reader {
public:
  object_reader(const json::value* object, std::string field, problem_list& problems)
      : object_{object}, field_{std::move(field)}, problems_{&problems}, problems_before_{problems.size()} {}

  // -- required, or with a fallback -------------------------------------
  std::string text(std::string_view name, const text_rules& rules = {});
  std::int64_t integer(std::string_view name, const integer_rules& rules = {});
  bool boolean(std::string_view name, const boolean_rules& rules = {});
  std::string choice(std::string_view name, const choice_rules& rules);
  timestamp time(std::string_view name);
  object_reader object(std::string_view name);

  // -- nothing when absent or null --------------------------------------
  std::optional<std::string> optional_text(std::string_view name, const text_rules& rules = {});
  std::optional<std::int64_t> optional_integer(std::string_view name, const integer_rules& rules = {});
  std::optional<bool> optional_boolean(std::string_view name);
  std::optional<std::string> optional_choice(std::string_view name, const choice_rules& rules);
  std::optional<timestamp> optional_time(std::string_view name);
  std::optional<object_reader> optional_object(std::string_view name);
  std::optional<std::string> optional_uuid(std::string_view name); ///< canonical spelling
  std::optional<std::vector<value_reader>> optional_list(std::string_view name);
  std::optional<std::vector<std::pair<std::string, std::string>>> optional_text_map(std::string_view name);

  // -- free JSON: the value itself, valid as long as the request; nullptr when absent or null ---
  const json::value* free_object(std::string_view name, null_characters n = null_characters::refused);
  const json::value* free_list(std::string_view name, null_characters n = null_characters::refused);
  const json::value* free_value(std::string_view name, null_characters n = null_characters::refused);

  // -- lists that may not be null: nothing only when absent -------------
  std::optional<std::vector<value_reader>> list(std::string_view name);

  [[nodiscard]] bool contains(std::string_view name) const; ///< was sent, be it null
  [[nodiscard]] bool is_null(std::string_view name) const;  ///< was sent, and null
  [[nodiscard]] bool is_void() const { return object_ == nullptr; }
  [[nodiscard]] bool clean() const { return problems_->size() == problems_before_; } ///< since this reader was made

  /// 422 for each member that none of the calls before has asked for, in the order of the text.
  void refuse_unknown();

  void reject(std::string_view name, std::string message); ///< a rule of the handler's own about one member
  void value_error(std::string_view text);                 ///< "Value error, ..." about the object as a whole

protected:
  explicit object_reader(problem_list& problems) : object_{nullptr}, field_{"body"}, problems_{&problems} {}
  void open(const json::value* object);
  [[nodiscard]] problem_list& noted() const { return *problems_; }

private:
  const json::value* ask(std::string_view name);           ///< remembers the name; nullptr if absent
  const json::value* ask_for_value(std::string_view name); ///< the same, nullptr also for null
  const json::value* free(std::string_view name, std::optional<json::kind> wanted, null_characters n);
  void missing(std::string_view name);
  [[nodiscard]] value_reader at(std::string_view name, const json::value& v) const;
  [[nodiscard]] std::string field_of(std::string_view name) const;

  const json::value* object_;
  std::string field_;
  problem_list* problems_;
  std::size_t problems_before_ = 0;
  std::vector<std::string_view> asked_; ///< names are literals in the handlers
};

/// `?name=value`: unknown names are ignored, of repeated ones the last counts. Fields are `query.<name>`.
class query_reader {
public:
  explicit query_reader(const request& in) : in_{&in} {}
  query_reader(const query_reader&) = delete;
  query_reader& operator=(const query_reader&) = delete;

  std::string text(std::string_view name, const text_rules& rules = {});
  std::int64_t integer(std::string_view name, const integer_rules& rules = {});
  bool boolean(std::string_view name, const boolean_rules& rules = {});
  std::optional<std::string> optional_text(std::string_view name, const text_rules& rules = {});
  std::optional<std::int64_t> optional_integer(std::string_view name, const integer_rules& rules = {});
  std::optional<bool> optional_boolean(std::string_view name);
  std::optional<timestamp> optional_time(std::string_view name);

  /// A path parameter that must be a uuid; canonical spelling. Call before the query's own members.
  std::string path_uuid(std::size_t index, std::string_view name);

  void reject(std::string_view name, std::string message);
  [[nodiscard]] std::optional<error> problems() const { return problems_.as_error(); }

private:
  friend class body_reader;
  const request* in_;
  problem_list problems_;
};

/// The JSON body of a request. With a query_reader given, both note their problems in one list, the query's first.
class body_reader : public object_reader {
public:
  explicit body_reader(const request& in);
  body_reader(const request& in, query_reader& query);
  body_reader(const body_reader&) = delete;
  body_reader& operator=(const body_reader&) = delete;

  [[nodiscard]] std::optional<error> problems() const { return noted().as_error(); }

private:
  void read(const request& in);
  problem_list own_;
};

} // namespace cued::http

#include "http/routes/openapi.hpp"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/json/value.hpp"
#include "http/routes/table.hpp"

namespace cued::http {
namespace {

using boost::beast::http::verb;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

boost::asio::awaitable<result<response>> no_handler(services&, request&) { co_return no_content(); }

std::string name_of(const route& r) { return std::string{to_string(r.method)} + " " + std::string{r.pattern}; }

/// What is wrong with the notes of these routes.
std::vector<std::string> faults(std::span<const route> routes) {
  std::vector<std::string> out;
  for (const auto& r : routes) {
    if (!r.notes) {
      out.push_back(name_of(r) + " has no notes");
      continue;
    }
    for (const auto& name : path_parameters(r.pattern))
      if (!path_parameter(name))
        out.push_back(name_of(r) + ": nobody knows what " + name + " is");
    if ((r.reads == body::json || r.reads == body::optional_json) != r.notes->body.has_value() && r.reads != body::raw)
      out.push_back(name_of(r) + ": notes and table differ about a body");
    const bool succeeds = std::any_of(r.notes->answers.begin(), r.notes->answers.end(),
                                      [](const answer_note& answer) { return answer.status / 100 == 2; });
    if (!succeeds)
      out.push_back(name_of(r) + " has no success");
  }
  return out;
}

json::value document(std::span<const route> routes = all_routes(), bool on_behalf = false) {
  auto read = json::parse(document_of(routes, on_behalf));
  EXPECT_TRUE(read);
  return read ? *read : json::value{};
}

const json::value* at(const json::value& v, std::string_view pointer) {
  const json::value* found = &v;
  while (found && !pointer.empty()) {
    pointer.remove_prefix(1);
    const auto name = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(name.size());
    found = found->find(name);
  }
  return found;
}

void collect_references(const json::value& v, std::set<std::string>& into) {
  for (const auto& item : v.items())
    collect_references(item, into);
  for (const auto& [name, item] : v.members()) {
    if (name == "$ref")
      into.insert(item.as_string());
    collect_references(item, into);
  }
}

std::vector<int> statuses(const route& r, bool on_behalf = false) {
  std::set<int> out;
  for (const auto& refusal : refusals_of(r, on_behalf))
    out.insert(refusal.status);
  return {out.begin(), out.end()};
}

TEST(openapi, every_route_is_documented) { EXPECT_THAT(faults(all_routes()), IsEmpty()); }

TEST(openapi, a_route_that_is_not_documented_is_noticed) {
  static const operation_notes silent{};
  static const operation_notes with_body{.body = object({}), .answers = {{204, {}, ""}}};
  const std::vector<route> added{
      {verb::get, "/v1/new", auth::caller, body::none, no_handler, ""},
      route{verb::get, "/v1/new/{strange_id}", auth::caller, body::none, no_handler, ""}.noted(silent),
      route{verb::get, "/v1/other", auth::caller, body::none, no_handler, ""}.noted(with_body)};
  EXPECT_THAT(faults(added),
              ElementsAre("GET /v1/new has no notes", "GET /v1/new/{strange_id}: nobody knows what strange_id is",
                          "GET /v1/new/{strange_id} has no success",
                          "GET /v1/other: notes and table differ about a body"));
}

TEST(openapi, the_document_is_of_the_api_that_the_reference_names) {
  const auto whole = document();
  EXPECT_EQ(whole.find("openapi")->as_string(), "3.1.0");
  EXPECT_EQ(at(whole, "/info/title")->as_string(), "CueAPI");
  EXPECT_EQ(at(whole, "/info/version")->as_string(), "1.0.0");
  EXPECT_EQ(at(whole, "/components/securitySchemes/bearer/scheme")->as_string(), "bearer");
}

TEST(openapi, every_reference_leads_to_something) {
  const auto whole = document(all_routes(), true);
  std::set<std::string> references;
  collect_references(whole, references);
  EXPECT_THAT(references, Contains("#/components/schemas/Cue"));
  for (const auto& reference : references) {
    ASSERT_TRUE(reference.starts_with("#/")) << reference;
    EXPECT_NE(at(whole, reference.substr(1)), nullptr) << reference;
  }
}

TEST(openapi, every_operation_has_an_id_of_its_own) {
  std::set<std::string> ids;
  std::size_t count = 0;
  const auto whole = document();
  for (const auto& [path, operations] : whole.find("paths")->members())
    for (const auto& [method, about] : operations.members()) {
      ids.insert(about.find("operationId")->as_string());
      ++count;
    }
  EXPECT_EQ(ids.size(), count);
  EXPECT_EQ(count, all_routes().size());
  EXPECT_THAT(ids, Contains("get_cues_cue_id_next"));
}

void collect_named(const schema& s, std::map<std::string_view, std::set<const schema*>>& into) {
  const auto& shown = s.of == shape::reference ? *s.target : s;
  if (!shown.name.empty() && !into[shown.name].insert(&shown).second)
    return;
  for (const auto& member : shown.members)
    collect_named(member.value, into);
  for (const auto& item : shown.items)
    collect_named(item, into);
}

TEST(openapi, a_name_stands_for_one_schema_only) {
  std::map<std::string_view, std::set<const schema*>> all;
  for (const auto& r : all_routes()) {
    if (r.notes->body)
      collect_named(*r.notes->body, all);
    for (const auto& answer : r.notes->answers)
      collect_named(answer.body, all);
  }
  EXPECT_GT(all.size(), 10u);
  for (const auto& [name, schemas] : all)
    EXPECT_EQ(schemas.size(), 1u) << name;
}

TEST(openapi, what_the_table_says_of_a_route_becomes_refusals) {
  static const operation_notes plain{.answers = {{200, object({})}}};
  const route open{verb::get, "/x", auth::none, body::none, no_handler, "", false};
  EXPECT_THAT(statuses(open.noted(plain)), ElementsAre(413, 500, 503));
  const route limited{verb::get, "/x", auth::none, body::none, no_handler, ""};
  EXPECT_THAT(statuses(limited.noted(plain)), ElementsAre(413, 429, 500, 503));
  const route called{verb::post, "/x", auth::caller, body::json, no_handler, ""};
  EXPECT_THAT(statuses(called.noted(plain)), ElementsAre(400, 401, 403, 413, 422, 429, 500, 503));
  EXPECT_THAT(statuses(called.open(opens::to_any_caller).noted(plain)), ElementsAre(400, 401, 413, 422, 429, 500, 503));
  EXPECT_THAT(statuses(called.noted(plain), true), ElementsAre(400, 401, 403, 404, 413, 422, 429, 500, 503));
  static const operation_notes own{.answers = {{200, object({})}, {503, object({})}}, .refusals = {{409, "taken"}}};
  EXPECT_THAT(statuses(open.noted(own)), ElementsAre(409, 413, 500));
}

TEST(openapi, schemas_are_written_as_json_schema) {
  static const auto thing = named("Thing", {{"name", text(1, 9)},
                                            maybe("kind", one_of({"a", "b"}).or_null()),
                                            maybe("at", moment_in().or_null()),
                                            maybe("tags", list_of(text(), 0, 3)),
                                            maybe("free", map_of(anything()).or_null())});
  static const operation_notes notes{.body = object({{"thing", ref(thing).or_null()}}),
                                     .query = {{"n", integer(1, 5).meaning("how many"), true}},
                                     .answers = {{204, {}, ""}}};
  const std::vector<route> added{
      route{verb::post, "/v1/new/{worker_id...}", auth::none, body::json, no_handler, "Makes"}.noted(notes)};
  const auto whole = document(added);
  const auto& made = *at(*whole.find("paths")->find("/v1/new/{worker_id}"), "/post");
  EXPECT_EQ(json::compact(*made.find("parameters")),
            R"([{"name":"worker_id","in":"path","required":true,"description":"As the worker named itself",)"
            R"("schema":{"type":"string","minLength":1,"maxLength":255}},)"
            R"({"name":"n","in":"query","required":true,"description":"how many",)"
            R"("schema":{"type":"integer","minimum":1,"maximum":5}}])");
  EXPECT_EQ(json::compact(*made.find("requestBody")),
            R"({"required":true,"content":{"application/json":{"schema":{"type":"object","properties":{"thing":)"
            R"({"anyOf":[{"$ref":"#/components/schemas/Thing"},{"type":"null"}]}},"required":["thing"]}}}})");
  EXPECT_EQ(json::compact(*at(whole, "/components/schemas/Thing")),
            R"({"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":9},)"
            R"("kind":{"type":["string","null"],"enum":["a","b",null]},)"
            R"("at":{"type":["string","number","null"],)"
            R"("description":"RFC 3339, also without offset (then UTC), or Unix seconds"},)"
            R"("tags":{"type":"array","items":{"type":"string"},"minItems":0,"maxItems":3},)"
            R"("free":{"type":["object","null"],"additionalProperties":{}}},"required":["name"]})");
  EXPECT_EQ(at(made, "/responses/204/content"), nullptr);
}

TEST(openapi, the_page_shows_every_route_with_its_codes_and_runs_no_script) {
  const auto page = page_about(all_routes(), false);
  for (const auto& r : all_routes())
    EXPECT_NE(page.find(documented_path(r.pattern)), std::string::npos) << r.pattern;
  for (const auto* shown : {"duplicate_cue_name", "X-Confirm-Destructive", "on_failure", "status__in"})
    EXPECT_NE(page.find(shown), std::string::npos) << shown;
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("src="), std::string::npos);
}

} // namespace
} // namespace cued::http

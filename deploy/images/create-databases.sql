-- One role and one database a service: none of them reads another's tables, none is a superuser.
\getenv password RINGI_DATABASE_PASSWORD

CREATE ROLE ringi_auth LOGIN PASSWORD :'password';
CREATE ROLE ringi_customer LOGIN PASSWORD :'password';
CREATE ROLE ringi_sales_activity LOGIN PASSWORD :'password';
CREATE ROLE ringi_opportunity LOGIN PASSWORD :'password';
CREATE ROLE ringi_analytics LOGIN PASSWORD :'password';

CREATE DATABASE ringi_auth OWNER ringi_auth;
CREATE DATABASE ringi_customer OWNER ringi_customer;
CREATE DATABASE ringi_sales_activity OWNER ringi_sales_activity;
CREATE DATABASE ringi_opportunity OWNER ringi_opportunity;
CREATE DATABASE ringi_analytics OWNER ringi_analytics;

REVOKE CONNECT ON DATABASE ringi_auth, ringi_customer, ringi_sales_activity, ringi_opportunity, ringi_analytics
    FROM PUBLIC;
